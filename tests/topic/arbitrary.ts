/**
 * Topic Names and Topic Filters to try things on, out of so few words that they often match, and a
 * matcher that is slow and plain.
 *
 * @module
 */
import fc from "fast-check";

const word = fc.constantFrom("", "a", "b", "ab", "$", "$a", "é");

/** Valid Topic Names. */
export const topicName: fc.Arbitrary<string> = fc
  .array(word, { minLength: 1, maxLength: 5 })
  .map((levels) => levels.join("/"))
  .filter((name) => name !== "");

const plainFilter = fc
  .tuple(
    fc.array(fc.oneof(word, fc.constant("+")), { maxLength: 4 }),
    fc.option(fc.constant("#"), { nil: undefined }),
  )
  .map(([levels, last]) =>
    [...levels, ...last === undefined ? [] : [last]].join("/")
  )
  .filter((filter) => filter !== "");

/** Valid Topic Filters, some of them shared. */
export const topicFilter: fc.Arbitrary<string> = fc.oneof(
  { weight: 4, arbitrary: plainFilter },
  {
    weight: 1,
    arbitrary: fc
      .tuple(fc.constantFrom("g", "h", "$share"), plainFilter)
      .map(([shareName, filter]) => `$share/${shareName}/${filter}`),
  },
);

/** Whether a Topic Filter matches, by the words of chapter 4.7 and nothing clever. */
export function matchNaively(filter: string, name: string): boolean {
  const levels = filter.split("/");
  if (levels[0] === "$share" && levels.length > 2) levels.splice(0, 2);
  const names = name.split("/");
  if (name.startsWith("$") && ["+", "#"].includes(levels[0] ?? "")) {
    return false;
  }
  if (levels.at(-1) !== "#") {
    return levels.length === names.length && levels.every(matchLevel);
  }
  const parents = levels.slice(0, -1);
  return names.length >= parents.length && parents.every(matchLevel);

  function matchLevel(level: string, index: number): boolean {
    return level === "+" || level === names[index];
  }
}
