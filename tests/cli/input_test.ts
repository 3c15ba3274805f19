import { assertEquals, assertRejects } from "@std/assert";
import fc from "fast-check";
import { LINE_FEED, NUL, readAll, split } from "../../src/cli/input.ts";
import { UsageError } from "../../src/cli/usage_error.ts";

/** The lines of a stream that nothing ends but itself. */
function lines(
  stream: ReadableStream<Uint8Array>,
  signal: AbortSignal = new AbortController().signal,
): AsyncGenerator<Uint8Array, void> {
  return split(stream, LINE_FEED, signal);
}

async function linesOf(chunks: readonly Uint8Array[]): Promise<string[]> {
  const found: string[] = [];
  for await (const line of lines(ReadableStream.from(chunks))) {
    found.push(new TextDecoder().decode(line));
  }
  return found;
}

function encode(text: string): Uint8Array {
  return new TextEncoder().encode(text);
}

Deno.test("split keeps spaces, empty lines and a last line without line feed", async () => {
  assertEquals(
    await linesOf([encode("  one \n\n\ttwo\r\nthr"), encode("ee")]),
    ["  one ", "", "\ttwo\r", "three"],
  );
  assertEquals(await linesOf([encode("one\n")]), ["one"]);
  assertEquals(await linesOf([]), []);
});

Deno.test("split gives a line as soon as its line feed has come", async () => {
  const { readable, writable } = new TransformStream<Uint8Array, Uint8Array>();
  const writer = writable.getWriter();
  const reader = lines(readable);
  void writer.write(encode("one\ntw"));
  assertEquals((await reader.next()).value, encode("one"));
  void writer.write(encode("o\n"));
  assertEquals((await reader.next()).value, encode("two"));
  void writer.close();
  assertEquals((await reader.next()).done, true);
});

Deno.test("split gives the same lines however the bytes are cut", async () => {
  await fc.assert(fc.asyncProperty(
    fc.array(fc.string({ unit: fc.constantFrom("a", " ", "ü", "\n") })),
    async (texts) => {
      const whole = texts.join("");
      const bytes = encode(whole);
      const expected = whole.split("\n");
      if (expected.at(-1) === "") expected.pop();
      const oneByOne = [...bytes].map((byte) => new Uint8Array([byte]));
      assertEquals(await linesOf([bytes]), expected);
      assertEquals(await linesOf(oneByOne), expected);
      assertEquals(await linesOf(texts.map(encode)), expected);
    },
  ));
});

Deno.test("split ends with the failure that comes while it waits", async () => {
  const failure = new AbortController();
  const reader = lines(new ReadableStream(), failure.signal);
  const waiting = reader.next();
  failure.abort(new Error("the connection is lost"));
  await assertRejects(() => waiting, Error, "the connection is lost");
});

Deno.test("split cuts at NUL, too, and keeps line feeds then", async () => {
  const stream = ReadableStream.from([encode("one\ntwo\0three\0\0")]);
  const { signal } = new AbortController();
  assertEquals(
    (await Array.fromAsync(split(stream, NUL, signal))).map((part) =>
      new TextDecoder().decode(part)
    ),
    ["one\ntwo", "three", ""],
  );
});

Deno.test("readAll names the file that is not there", async () => {
  await assertRejects(
    () => readAll("/nowhere/at/all"),
    UsageError,
    "cannot read /nowhere/at/all: there is no such file",
  );
});
