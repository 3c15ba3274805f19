import { assertEquals, assertMatch } from "@std/assert";
import { isoTime, TIME_FIELDS } from "../../src/cli/local_time.ts";

/** A Monday morning, in whatever time zone. */
const MONDAY = new Date(2026, 0, 5, 3, 4, 5, 67);
/** The last evening of a leap year, a Sunday. */
const SUNDAY = new Date(2028, 11, 31, 23, 59, 59);

const EXPECTED: Readonly<Record<string, readonly [string, string]>> = {
  A: ["Monday", "Sunday"],
  a: ["Mon", "Sun"],
  B: ["January", "December"],
  b: ["Jan", "Dec"],
  C: ["20", "20"],
  D: ["01/05/26", "12/31/28"],
  d: ["05", "31"],
  e: [" 5", "31"],
  F: ["2026-01-05", "2028-12-31"],
  H: ["03", "23"],
  I: ["03", "11"],
  j: ["005", "366"],
  M: ["04", "59"],
  m: ["01", "12"],
  N: ["067000000", "000000000"],
  p: ["AM", "PM"],
  R: ["03:04", "23:59"],
  S: ["05", "59"],
  T: ["03:04:05", "23:59:59"],
  u: ["1", "7"],
  w: ["1", "0"],
  X: ["03:04:05", "23:59:59"],
  x: ["01/05/26", "12/31/28"],
  Y: ["2026", "2028"],
  y: ["26", "28"],
};

Deno.test("TIME_FIELDS gives strftime's fields in local time", () => {
  for (const [letter, [monday, sunday]] of Object.entries(EXPECTED)) {
    const field = TIME_FIELDS[letter];
    assertEquals([field?.(MONDAY), field?.(SUNDAY)], [monday, sunday], letter);
  }
  const noon = new Date(2026, 6, 1, 12);
  const midnight = new Date(2026, 6, 1, 0);
  assertEquals(TIME_FIELDS["I"]?.(noon), "12");
  assertEquals(TIME_FIELDS["I"]?.(midnight), "12");
  assertEquals(Number(TIME_FIELDS["s"]?.(MONDAY)) * 1_000 + 67, Number(MONDAY));
  assertMatch(TIME_FIELDS["Z"]?.(MONDAY) ?? "", /^[A-Z]+/);
});

Deno.test("isoTime names the moment that it is made from", () => {
  assertEquals(Date.parse(isoTime(MONDAY, ".067")), MONDAY.getTime());
  assertMatch(isoTime(SUNDAY), /^2028-12-31T23:59:59[+-]\d{4}$/);
});
