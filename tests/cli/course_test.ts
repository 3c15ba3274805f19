// What of an input is skipped when it is read again, and what the store is told of the rest.

import { assertEquals, assertNotEquals, assertThrows } from "@std/assert";
import fc from "fast-check";
import { Course } from "../../src/cli/course.ts";
import { Fingerprint } from "../../src/cli/fingerprint.ts";
import { checkpointOf, placeOf } from "../../src/cli/place.ts";
import { UsageError } from "../../src/cli/usage_error.ts";

/** A run over lines, each of which is so many messages: what is published, and where it was left. */
function run(
  lines: readonly string[],
  { checkpoint, stopAfter = Infinity, topics = 1, identity = "-l a" }: {
    checkpoint?: string | undefined;
    stopAfter?: number;
    topics?: number;
    identity?: string;
  } = {},
) {
  const told: string[] = [];
  const course = new Course({
    before: checkpoint === undefined ? undefined : placeOf(checkpoint),
    identity,
    noun: "line",
    onOther: () => told.push("other"),
  });
  const published: string[] = [];
  let last = checkpoint;
  for (const line of lines) {
    const step = course.next(line);
    for (let number = 1; number <= topics; number++) {
      if (number <= step.skipped) continue;
      if (published.length === stopAfter) return { published, last, told };
      published.push(`${line} ${number}`);
      last = step.checkpoint(number, topics);
    }
  }
  course.end();
  return { published, last, told };
}

Deno.test("Course goes on where a run was killed, whatever the lines and topics: each message is published once", () => {
  fc.assert(
    fc.property(
      fc.array(fc.string({ maxLength: 3 }), { maxLength: 20 }),
      fc.integer({ min: 1, max: 3 }),
      fc.array(fc.nat(10), { maxLength: 6 }),
      (lines, topics, kills) => {
        const published: string[] = [];
        let checkpoint: string | undefined;
        for (const stopAfter of [...kills, Infinity]) {
          const part = run(lines, { checkpoint, stopAfter, topics });
          published.push(...part.published);
          checkpoint = part.last;
          assertEquals(part.told, []);
        }
        assertEquals(published, run(lines, { topics }).published);
      },
    ),
  );
});

Deno.test("Course takes an input with another first line, or for other topics, for another one, and skips nothing", () => {
  const { last: checkpoint } = run(["a", "b", "c"], { stopAfter: 2 });
  for (
    const { lines, identity } of [
      { lines: ["x", "b", "c"], identity: "-l a" },
      { lines: ["a", "b", "c"], identity: "-l other" },
    ]
  ) {
    const { published, told } = run(lines, { checkpoint, identity });
    assertEquals(published, lines.map((line) => `${line} 1`));
    assertEquals(told, ["other"]);
  }
});

Deno.test("Course throws where a line that was taken before is another one now", () => {
  const { last: checkpoint } = run(["a", "b", "c"]);
  for (const lines of [["a", "x", "c"], ["a", "", "b", "c"], ["a", "bc", ""]]) {
    assertThrows(
      () => run(lines, { checkpoint }),
      UsageError,
      "the first 3 lines of the input are not those that were taken before: none was published",
    );
  }
});

Deno.test("Course throws where the input ends before what was taken, and not where it ends with it", () => {
  const lines = ["a", "b", "c"];
  const { last: checkpoint } = run(lines);
  assertEquals(run(lines, { checkpoint }).published, []);
  for (const length of [0, 1, 2]) {
    assertThrows(
      () => run(lines.slice(0, length), { checkpoint }),
      UsageError,
      `the input has ${length} line${length === 1 ? "" : "s"}, and 3 were`,
    );
  }
  const part = run(lines, { topics: 2, stopAfter: 3 });
  assertThrows(
    () => run(["a"], { topics: 2, checkpoint: part.last }),
    UsageError,
    "the input has 1 line, and 2 were taken before",
  );
});

Deno.test("placeOf() reads what checkpointOf() writes, and nothing else", () => {
  const place = {
    lines: 345,
    messages: 1,
    first: "0123456789abcdef",
    all: "fedcba9876543210",
  };
  const checkpoint = checkpointOf(place);
  assertEquals(
    checkpoint,
    "midge publish 345 1 0123456789abcdef fedcba9876543210",
  );
  assertEquals(placeOf(checkpoint), place);
  for (const other of ["", "7", "midge subscribe", ` ${checkpoint}`]) {
    assertEquals(placeOf(other), undefined);
  }
});

Deno.test("Fingerprint tells lines apart, and where each ends", () => {
  const of = (...lines: (string | Uint8Array)[]) => {
    const fingerprint = new Fingerprint();
    for (const line of lines) fingerprint.add(line);
    return `${fingerprint}`;
  };
  assertEquals(of("é"), of(new TextEncoder().encode("é")));
  assertEquals(/^[0-9a-f]{16}$/.test(of("a")), true);
  fc.assert(
    fc.property(
      fc.array(fc.string({ maxLength: 4 }), { maxLength: 4 }),
      fc.array(fc.string({ maxLength: 4 }), { maxLength: 4 }),
      (one, other) => {
        fc.pre(JSON.stringify(one) !== JSON.stringify(other));
        assertNotEquals(of(...one), of(...other));
      },
    ),
  );
  const many = new Set(
    Array.from({ length: 200_000 }, (_, number) => of(`line ${number}`)),
  );
  assertEquals(many.size, 200_000);
});
