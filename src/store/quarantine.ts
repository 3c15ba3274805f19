/**
 * What becomes of bytes that cannot be read: they are kept in a file of their own, and told.
 *
 * @module
 */
import type { Files } from "./files.ts";
import type { BadBytes, OpenedLog } from "./open_log.ts";
import type { StoreDamage } from "./store.ts";

/** Keeps the bad bytes of a log in a file beside it, and says what is lost. */
export function quarantine(
  files: Files,
  path: string,
  opened: OpenedLog,
): StoreDamage[] {
  const { badBytes, badKeys, tornSize } = opened;
  const kept = badBytes.length === 0 ? "" : keep(files, path, badBytes);
  const damages = badBytes.map((bad) =>
    describe(bad, { where: `of ${path} cannot be read${kept}`, badKeys })
  );
  if (tornSize > 0) {
    const message =
      `${tornSize} bytes of an unfinished write were cut off the end of ${path}`;
    damages.push({ message, changesMax: 0 });
  }
  return damages;
}

/** What the message says of where they are kept, or why they are not. */
function keep(
  files: Files,
  path: string,
  badBytes: readonly BadBytes[],
): string {
  const keptIn = `${path}.corrupt-${Date.now()}`;
  try {
    const file = files.open(keptIn);
    try {
      for (const { bytes } of badBytes) file.append(bytes);
    } finally {
      file.close();
    }
    return `; they are kept in ${keptIn}`;
  } catch (error) {
    // A full disk must not keep all that is well from being opened.
    const why = error instanceof Error ? error.message : String(error);
    return `, and could not be kept: ${why}`;
  }
}

function describe(
  { position, bytes, changesMax, key }: BadBytes,
  { where, badKeys }: { where: string; badKeys: ReadonlySet<number> },
): StoreDamage {
  const message = `${bytes.length} bytes at ${position} ${where}`;
  if (key === undefined) return { message, changesMax };
  // A later change of the same key has made it good.
  return badKeys.has(key)
    ? { message, changesMax, key }
    : { message, changesMax: 0 };
}
