import { assertEquals } from "@std/assert";
import fc from "fast-check";
import { Ring } from "../../src/session/ring.ts";

Deno.test("Ring gives what was put in first, from the front and from the back", () => {
  const ring = new Ring<string>();
  ring.push("b");
  ring.push("c");
  ring.unshift("a");
  assertEquals([...ring], ["a", "b", "c"]);
  assertEquals(ring.peek(), "a");
  assertEquals([ring.shift(), ring.shift(), ring.shift()], ["a", "b", "c"]);
  assertEquals([ring.shift(), ring.peek(), ring.length], [
    undefined,
    undefined,
    0,
  ]);
});

Deno.test("Ring keeps all of many, in order, and takes more when it has been empty", () => {
  const ring = new Ring<number>();
  for (let i = 0; i < 10_000; i++) ring.push(i);
  for (let i = 0; i < 10_000; i++) assertEquals(ring.shift(), i);
  ring.push(1);
  assertEquals([...ring], [1]);
  ring.clear();
  assertEquals([ring.length, ring.peek()], [0, undefined]);
});

Deno.test("Ring does as an array does, whatever is done to it", () => {
  const step = fc.oneof(
    fc.record({ type: fc.constant("push" as const), count: fc.nat(40) }),
    fc.record({ type: fc.constant("unshift" as const), count: fc.nat(40) }),
    fc.record({ type: fc.constant("shift" as const), count: fc.nat(60) }),
    fc.record({ type: fc.constant("clear" as const), count: fc.constant(1) }),
  );
  fc.assert(fc.property(fc.array(step, { maxLength: 30 }), (steps) => {
    const ring = new Ring<number>();
    const array: number[] = [];
    let value = 0;
    for (const { type, count } of steps) {
      for (let i = 0; i < count; i++) {
        if (type === "push") ring.push(array[array.push(++value) - 1] ?? 0);
        else if (type === "unshift") {
          array.unshift(++value);
          ring.unshift(value);
        } else if (type === "shift") assertEquals(ring.shift(), array.shift());
        else {
          array.length = 0;
          ring.clear();
        }
      }
      assertEquals(ring.length, array.length);
      assertEquals(ring.peek(), array[0]);
      assertEquals([...ring], array);
    }
  }));
});
