// The median, for the sides and for the table.

/** The middle one; of an even number the mean of the two in the middle. */
export function median(figures: ArrayLike<number>): number {
  const sorted = Float64Array.from(figures).sort();
  const middle = sorted.length / 2;
  const low = sorted[Math.ceil(middle) - 1] ?? NaN;
  const high = sorted[Math.floor(middle)] ?? NaN;
  return (low + high) / 2;
}
