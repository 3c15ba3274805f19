// Wires in memory behave as sockets do: they hold so much and no more, and they end like them.

import { assert, assertEquals, assertRejects } from "@std/assert";
import { memoryWires } from "../../src/transport/memory.ts";
import type { Wire } from "../../src/transport/wire.ts";
import { isPending } from "../client/clock.ts";

const CAPACITY = 1 << 20;

async function readAll(wire: Wire): Promise<Uint8Array> {
  const read: number[] = [];
  const block = new Uint8Array(7);
  for (
    let size = await wire.read(block);
    size !== null;
    size = await wire.read(block)
  ) read.push(...block.subarray(0, size));
  return Uint8Array.from(read);
}

Deno.test("memoryWires carries bytes both ways, in order", async () => {
  const [one, two] = memoryWires();
  for (const [from, to] of [[one, two], [two, one]] as const) {
    await from.write(Uint8Array.of(1, 2, 3));
    await from.write(Uint8Array.of(4, 5));
    const into = new Uint8Array(10);
    assertEquals(await to.read(into), 5);
    assertEquals(into.subarray(0, 5), Uint8Array.of(1, 2, 3, 4, 5));
  }
});

Deno.test("memoryWires read fills no more than it is given, and keeps the rest", async () => {
  const [one, two] = memoryWires();
  await one.write(Uint8Array.of(1, 2, 3));
  const into = new Uint8Array(2);
  assertEquals(await two.read(into), 2);
  assertEquals(into, Uint8Array.of(1, 2));
  assertEquals(await two.read(into), 1);
  assertEquals(into, Uint8Array.of(3, 2));
});

Deno.test("memoryWires read waits for the first byte", async () => {
  const [one, two] = memoryWires();
  const into = new Uint8Array(2);
  const reading = two.read(into);
  assert(await isPending(reading));
  await one.write(Uint8Array.of(9));
  assertEquals(await reading, 1);
});

Deno.test("memoryWires write copies: the caller may reuse the bytes", async () => {
  const [one, two] = memoryWires();
  const bytes = Uint8Array.of(1);
  await one.write(bytes);
  bytes.fill(2);
  const into = new Uint8Array(1);
  await two.read(into);
  assertEquals(into, Uint8Array.of(1));
});

Deno.test("memoryWires write takes a part of what is large, and waits while the other end does not read", async () => {
  const [one, two] = memoryWires();
  const bytes = new Uint8Array(3 * CAPACITY);
  const size = await one.write(bytes);
  assertEquals(size, CAPACITY);
  const waiting = one.write(bytes.subarray(size));
  assert(await isPending(waiting));
  await two.read(new Uint8Array(10));
  assert(await waiting > 0);
});

Deno.test("memoryWires closeWrite ends one side: what was written is read, then null, and the way back stays", async () => {
  const [one, two] = memoryWires();
  await one.write(Uint8Array.of(1, 2));
  await one.closeWrite?.();
  assertEquals(await readAll(two), Uint8Array.of(1, 2));
  await assertRejects(
    () => one.write(Uint8Array.of(3)),
    Deno.errors.BrokenPipe,
  );
  await two.write(Uint8Array.of(4));
  const into = new Uint8Array(1);
  assertEquals(await one.read(into), 1);
});

Deno.test("memoryWires close ends both sides: the other end reads what was written, and cannot write", async () => {
  const [one, two] = memoryWires();
  await one.write(Uint8Array.of(1, 2));
  const reading = one.read(new Uint8Array(1));
  one.close();
  await assertRejects(() => reading, Deno.errors.Interrupted);
  assertEquals(await readAll(two), Uint8Array.of(1, 2));
  await assertRejects(
    () => two.write(Uint8Array.of(3)),
    Deno.errors.BrokenPipe,
  );
  await assertRejects(() => one.read(new Uint8Array(1)));
  one.close();
});

Deno.test("memoryWires close ends a write of the other end that waits", async () => {
  const [one, two] = memoryWires();
  await two.write(new Uint8Array(CAPACITY));
  const waiting = two.write(Uint8Array.of(1));
  assert(await isPending(waiting));
  one.close();
  await assertRejects(() => waiting, Deno.errors.BrokenPipe);
});
