/**
 * What a terminal may be shown. Payloads, topics and the words of a server are hostile: an escape
 * sequence in them could move the cursor, change the title or hide a line.
 *
 * @module
 */

/** C0, DEL and C1 controls, what turns the writing direction, and what else ends a line. */
const CONTROLS = /[\p{Cc}\p{Bidi_Control}\p{Zl}\p{Zp}]/gu;

/** Text with its control characters made visible, as `\x1b`; newlines and tabs stay. */
export function escapeText(text: string): string {
  return text.replace(
    CONTROLS,
    (character) =>
      character === "\n" || character === "\t" ? character : escape(character),
  );
}

/** Text as one line: its control characters, also newlines and tabs, are made visible. */
export function escapeLine(text: string): string {
  return text.replace(CONTROLS, escape);
}

/** Writes one line to stderr, at once. */
export function writeError(line: string): void {
  try {
    writeAll(Deno.stderr, `${escapeLine(line)}\n`);
  } catch (error) {
    // Nobody reads it any more: there is no one left to tell.
    if (!(error instanceof Deno.errors.BrokenPipe)) throw error;
  }
}

/** Writes text to stdout or stderr, at once. */
export function writeAll(
  sink: typeof Deno.stdout | typeof Deno.stderr,
  text: string,
): void {
  const bytes = new TextEncoder().encode(text);
  for (let at = 0; at < bytes.length;) {
    at += sink.writeSync(bytes.subarray(at));
  }
}

function escape(character: string): string {
  const code = character.charCodeAt(0);
  return code < 0x100
    ? `\\x${code.toString(16).padStart(2, "0")}`
    : `\\u${code.toString(16).padStart(4, "0")}`;
}
