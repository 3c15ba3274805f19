/**
 * Where a password comes from, if not from the command line: everyone can read that in the process
 * list. Nothing here shows what it reads.
 *
 * @module
 */
import { readAll } from "./input.ts";
import { raise } from "./signals.ts";
import { writeAll } from "./terminal.ts";
import { UsageError } from "./usage_error.ts";

/** The first line of a file. */
export async function filePassword(path: string): Promise<string> {
  const text = new TextDecoder().decode(await readAll(path));
  const [line = ""] = text.split(/\r?\n/, 1);
  return line;
}

/** An environment variable. */
export function variablePassword(name: string): string {
  const value = readVariable(name);
  if (value === undefined) {
    throw new UsageError(`the variable ${name} is not set`);
  }
  return value;
}

function readVariable(name: string): string | undefined {
  try {
    return Deno.env.get(name);
  } catch (error) {
    if (!(error instanceof Deno.errors.NotCapable)) throw error;
    throw new UsageError(
      `cannot read the variable ${name}: Deno does not permit it; run again with --allow-env=${name}`,
    );
  }
}

/** What is typed on the terminal, which shows nothing of it. */
export async function promptPassword(): Promise<string> {
  if (!Deno.stdin.isTerminal()) {
    throw new UsageError(
      "--ask-password needs a terminal on standard input. Try --password-file",
    );
  }
  // Raw before it is asked for: what is typed at once must not be shown either.
  Deno.stdin.setRaw(true);
  let typed: string | undefined;
  try {
    writeAll(Deno.stderr, "Password: ");
    typed = await readLine();
  } finally {
    Deno.stdin.setRaw(false);
    writeAll(Deno.stderr, "\n");
  }
  return typed ?? raise("SIGINT");
}

const CONTROL_C = 0x03;
const CONTROL_D = 0x04;
const BACKSPACE = 0x08;
const LINE_FEED = 0x0A;
const CARRIAGE_RETURN = 0x0D;
const DELETE = 0x7F;

/** Reads up to the end of the line; undefined where control-C was typed, which is a byte as any other here. */
async function readLine(): Promise<string | undefined> {
  const typed: number[] = [];
  const byte = new Uint8Array(1);
  while (await Deno.stdin.read(byte) !== null) {
    const [key = LINE_FEED] = byte;
    if (key === CONTROL_C) return undefined;
    if ([LINE_FEED, CARRIAGE_RETURN, CONTROL_D].includes(key)) break;
    if (key === BACKSPACE || key === DELETE) eraseCharacter(typed);
    else typed.push(key);
  }
  return new TextDecoder().decode(new Uint8Array(typed));
}

/** Erases one character of UTF-8: its continuation bytes, then its first. */
function eraseCharacter(typed: number[]): void {
  while (((typed.pop() ?? 0) & 0xC0) === 0x80);
}
