/**
 * What the command line reads: a file, standard input as a whole, or its lines.
 *
 * @module
 */
import { UsageError } from "./usage_error.ts";

/** No payload can be larger (2.1.4), so no more is kept of what has no end. */
const PART_MAX = 268_435_455;

/** All of a file, or of standard input where the path is `-`. Throws a UsageError that names the file. */
export async function readAll(path: string): Promise<Uint8Array> {
  try {
    return path === "-"
      ? await new Response(Deno.stdin.readable).bytes()
      : await Deno.readFile(path);
  } catch (error) {
    const what = path === "-" ? "standard input" : path;
    throw new UsageError(`cannot read ${what}: ${fault(error, path)}`);
  }
}

function fault(error: unknown, path: string): string {
  if (error instanceof Deno.errors.NotFound) return "there is no such file";
  if (error instanceof Deno.errors.IsADirectory) return "it is a folder";
  if (error instanceof Deno.errors.NotCapable) {
    return `Deno does not permit it; run again with --allow-read=${path}`;
  }
  return error instanceof Error ? error.message : String(error);
}

/** What ends a line. */
export const LINE_FEED = 0x0A;

/** What ends a part where parts may hold line feeds, as `find -print0` has it. */
export const NUL = 0x00;

/**
 * The parts of a stream between delimiters, each as soon as its delimiter has come. Spaces stay, and
 * so does a last part that no delimiter ends. Ends with the signal's reason when that fires.
 */
export async function* split(
  stream: ReadableStream<Uint8Array>,
  delimiter: number,
  signal: AbortSignal,
): AsyncGenerator<Uint8Array, void> {
  const reader = stream.getReader();
  // What waits for more resolves, with the end, when the stream is cancelled.
  const cancel = () => void reader.cancel().catch(() => {});
  signal.addEventListener("abort", cancel);
  const part = new Part();
  for (;;) {
    const { value: chunk } = await reader.read();
    signal.throwIfAborted();
    if (chunk === undefined) break;
    let start = 0;
    for (
      let end = chunk.indexOf(delimiter);
      end >= 0;
      end = chunk.indexOf(delimiter, start)
    ) {
      yield part.end(chunk.subarray(start, end));
      start = end + 1;
    }
    part.add(chunk.subarray(start));
  }
  signal.removeEventListener("abort", cancel);
  if (part.size > 0) yield part.end(new Uint8Array());
}

/** What has come of a part whose delimiter has not. */
class Part {
  size = 0;
  #pieces: Uint8Array[] = [];

  add(piece: Uint8Array): void {
    this.size += piece.length;
    if (piece.length > 0) this.#pieces.push(piece);
    if (this.size > PART_MAX) {
      throw new RangeError(
        `a line or part of standard input is longer than ${PART_MAX} bytes`,
      );
    }
  }

  end(piece: Uint8Array): Uint8Array {
    if (this.#pieces.length === 0) return piece;
    this.add(piece);
    const whole = new Uint8Array(this.size);
    let at = 0;
    for (const piece of this.#pieces) {
      whole.set(piece, at);
      at += piece.length;
    }
    this.#pieces = [];
    this.size = 0;
    return whole;
  }
}
