/**
 * What the command line prints. Text and bytes gather in a buffer while the write before is under
 * way, so a burst leaves in few large writes and a single message leaves at once. Writing never
 * holds up the event loop: a reader that pauses does not cost the connection.
 *
 * @module
 */

/** Where the bytes go: `Deno.stdout`, or a file. */
export interface Sink {
  /** Writes some of the bytes; tells how many. */
  write(bytes: Uint8Array): Promise<number>;
}

/** How much may wait before {@linkcode Output.isFull} asks for a pause. */
const BUFFER_SIZE = 64 * 1024;

/** A buffer in front of a sink. */
export class Output {
  /** Rejects when writing fails, with a `Deno.errors.BrokenPipe` where the reader has gone. */
  readonly failed: Promise<never>;
  readonly #fail: (error: unknown) => void;
  readonly #sink: Sink;
  readonly #encoder = new TextEncoder();
  #buffer = new Uint8Array(BUFFER_SIZE);
  #length = 0;
  #spare = new Uint8Array(BUFFER_SIZE);
  #writing: Promise<void> | undefined;

  /** Makes an output; it writes nothing until it is told to. */
  constructor(sink: Sink) {
    this.#sink = sink;
    const { promise, reject } = Promise.withResolvers<never>();
    promise.catch(() => {});
    this.failed = promise;
    this.#fail = reject;
  }

  /** Whether so much waits that the producer should await {@linkcode written}. */
  get isFull(): boolean {
    return this.#length >= BUFFER_SIZE;
  }

  /** Appends text, as UTF-8. */
  text(text: string): void {
    this.#reserve(text.length * 3);
    const { written } = this.#encoder.encodeInto(
      text,
      this.#buffer.subarray(this.#length),
    );
    this.#length += written;
  }

  /** Appends bytes as they are. */
  bytes(bytes: Uint8Array): void {
    this.#reserve(bytes.length);
    this.#buffer.set(bytes, this.#length);
    this.#length += bytes.length;
  }

  /** Starts to write what waits, unless a write is under way: then it follows that one. */
  start(): void {
    if (this.#length > 0) this.#writing ??= this.#write();
  }

  /** Resolves when everything is written; rejects as {@linkcode failed} does. */
  async written(): Promise<void> {
    this.start();
    await this.#writing;
    // Only a failure leaves it set.
    if (this.#writing) await this.failed;
  }

  async #write(): Promise<void> {
    try {
      while (this.#length > 0) {
        const bytes = this.#buffer.subarray(0, this.#length);
        // What was appended meanwhile must not disturb a pending write, which reads its buffer live.
        [this.#buffer, this.#spare] = [this.#spare, this.#buffer];
        this.#length = 0;
        for (let at = 0; at < bytes.length;) {
          at += await this.#sink.write(bytes.subarray(at));
        }
        // A huge payload made the buffer grow; it is not kept for the small ones.
        if (this.#spare.length > 2 * BUFFER_SIZE) {
          this.#spare = new Uint8Array(BUFFER_SIZE);
        }
      }
      this.#writing = undefined;
    } catch (error) {
      // #writing stays set: after a failure nothing is written any more.
      this.#fail(faultOf(error));
    }
  }

  #reserve(size: number): void {
    const needed = this.#length + size;
    if (needed <= this.#buffer.length) return;
    const larger = new Uint8Array(Math.max(needed, this.#buffer.length * 2));
    larger.set(this.#buffer.subarray(0, this.#length));
    this.#buffer = larger;
  }
}

/** That the reader has gone is no fault; the system's words on a disk that is full do not say whose it is. */
function faultOf(error: unknown): unknown {
  if (error instanceof Deno.errors.BrokenPipe || !(error instanceof Error)) {
    return error;
  }
  const message = `Cannot write to standard output: ${error.message}`;
  return new Error(message, { cause: error });
}
