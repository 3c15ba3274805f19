import { assert, assertEquals, assertRejects } from "@std/assert";
import { Output, type Sink } from "../../src/cli/output.ts";

/** Takes at most so many bytes a write, and only when it is let. */
class Pipe implements Sink {
  readonly writes: string[] = [];
  readonly #sizeMax: number;
  #gate: Promise<void> = Promise.resolve();
  #open = () => {};

  constructor(sizeMax = Infinity) {
    this.#sizeMax = sizeMax;
  }

  get text(): string {
    return this.writes.join("");
  }

  close(): void {
    const { promise, resolve } = Promise.withResolvers<void>();
    this.#gate = promise;
    this.#open = resolve;
  }

  open(): void {
    this.#open();
  }

  async write(bytes: Uint8Array): Promise<number> {
    await this.#gate;
    const part = bytes.subarray(0, this.#sizeMax);
    this.writes.push(new TextDecoder().decode(part));
    return part.length;
  }
}

Deno.test("Output writes a message at once, and a burst behind it in one write", async () => {
  const pipe = new Pipe();
  pipe.close();
  const output = new Output(pipe);
  for (const line of ["one\n", "two\n", "three\n"]) {
    output.text(line);
    output.start();
  }
  pipe.open();
  await output.written();
  assertEquals(pipe.writes, ["one\n", "two\nthree\n"]);
});

Deno.test("Output goes on where a write took only a part", async () => {
  const pipe = new Pipe(3);
  const output = new Output(pipe);
  output.text("grün");
  output.bytes(new Uint8Array([0x21, 0x0A]));
  await output.written();
  assertEquals(pipe.writes.length, 3);
  output.text("more");
  await output.written();
  assert(pipe.text.endsWith("!\nmore"));
});

Deno.test("Output leaves a pending write alone while more is appended", async () => {
  const pipe = new Pipe();
  pipe.close();
  const output = new Output(pipe);
  output.text("a".repeat(100_000));
  output.start();
  output.text("b".repeat(200_000));
  assert(output.isFull);
  pipe.open();
  await output.written();
  assert(!output.isFull);
  assertEquals(pipe.text, "a".repeat(100_000) + "b".repeat(200_000));
});

Deno.test("Output has nothing to wait for where nothing was appended", async () => {
  const pipe = new Pipe();
  const output = new Output(pipe);
  output.start();
  await output.written();
  output.text("later");
  await output.written();
  assertEquals(pipe.text, "later");
});

Deno.test("Output tells that the reader has gone, to whoever asks and from then on", async () => {
  const gone: Sink = {
    write: () => Promise.reject(new Deno.errors.BrokenPipe("gone")),
  };
  const output = new Output(gone);
  output.text("a");
  await assertRejects(() => output.written(), Deno.errors.BrokenPipe);
  await assertRejects(() => output.failed, Deno.errors.BrokenPipe);
  output.text("b");
  await assertRejects(() => output.written(), Deno.errors.BrokenPipe);
});
