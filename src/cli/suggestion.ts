/**
 * "Did you mean ...?" for a name that was mistyped.
 *
 * @module
 */

/** `". Did you mean --topic?"` where a known name is near to what was typed, else nothing. */
export function suggestion(typed: string, names: readonly string[]): string {
  // A third of the letters may be wrong; else anything is like anything.
  let nearest = Math.floor(typed.replaceAll("-", "").length / 3) + 1;
  let best: string | undefined;
  for (const name of names) {
    const distance = editDistance(typed, name);
    if (distance < nearest) [nearest, best] = [distance, name];
  }
  return best === undefined ? "" : `. Did you mean ${best}?`;
}

/** How many letters must be changed, added, left out or swapped with their neighbour. */
function editDistance(from: string, to: string): number {
  let beforeLast: number[] = [];
  let last = Array.from({ length: to.length + 1 }, (_, at) => at);
  for (let row = 1; row <= from.length; row++) {
    const current = [row];
    for (let at = 1; at <= to.length; at++) {
      const same = from[row - 1] === to[at - 1];
      let best = Math.min(
        (last[at - 1] ?? 0) + (same ? 0 : 1),
        (last[at] ?? 0) + 1,
        (current[at - 1] ?? 0) + 1,
      );
      if (from[row - 1] === to[at - 2] && from[row - 2] === to[at - 1]) {
        best = Math.min(best, (beforeLast[at - 2] ?? Infinity) + 1);
      }
      current.push(best);
    }
    [beforeLast, last] = [last, current];
  }
  return last[to.length] ?? 0;
}
