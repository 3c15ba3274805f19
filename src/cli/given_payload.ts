/**
 * The one message that the command line gives.
 *
 * @module
 */
import { UsageError } from "./usage_error.ts";

/** Where the message may stand. */
export interface GivenPayload {
  readonly message: string | undefined;
  readonly nullMessage: boolean;
  readonly stdinFile: boolean;
  readonly file: string | undefined;
}

/** How a command that sends no other than one message is told it. */
const WAYS = "-m TEXT, -f FILE, -s or -n";

/** The message itself. Throws a UsageError where there is none. */
export async function payloadOf(
  command: string,
  { message, nullMessage, stdinFile, file }: GivenPayload,
  ways: string = WAYS,
): Promise<string | Uint8Array> {
  if (message !== undefined) return message;
  if (nullMessage) return "";
  const path = stdinFile ? "-" : file;
  if (path === undefined) {
    throw new UsageError(`${command} needs a message: ${ways}`);
  }
  const { readAll } = await import("./input.ts");
  return await readAll(path);
}
