/**
 * A question on the terminal.
 *
 * @module
 */
import { escapeLine, writeAll } from "./terminal.ts";

/** Asks, on stderr; true where the answer begins with y. */
export async function confirm(question: string): Promise<boolean> {
  writeAll(Deno.stderr, `${escapeLine(question)} [y/N] `);
  const answer = new Uint8Array(64);
  await Deno.stdin.read(answer);
  return /^\s*y/i.test(new TextDecoder().decode(answer));
}
