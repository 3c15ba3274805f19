/**
 * Opening a log that a process before this one has left, in whatever state.
 *
 * @module
 */
import { breathe, PIECE_SIZE } from "./breath.ts";
import type { Files, LogFile } from "./files.ts";
import { LiveIndex } from "./live_index.ts";
import {
  beginsHeader,
  decodeHeader,
  FRAME_SIZE_MIN,
  LOG_HEADER_SIZE,
  LOG_VERSION,
} from "./log.ts";
import { Log } from "./log_file.ts";
import { type Found, LogScan } from "./log_scan.ts";
import type { StoreEntry } from "./store.ts";
import { storeFault } from "./store_fault.ts";

/** Bytes of a log that cannot be read. */
export interface BadBytes {
  /** Where they begin. */
  readonly position: number;
  /** What they are. */
  readonly bytes: Uint8Array;
  /** How many changes stood there, at most. */
  readonly changesMax: number;
  /** The key that lost its value, where it is known: then nothing else is lost. */
  readonly key: number | undefined;
}

/** A log, and what is wrong with it. */
export interface OpenedLog {
  readonly log: Log;
  /** What cannot be read, in the order of the log. */
  readonly badBytes: readonly BadBytes[];
  /** Keys whose last value is among that. */
  readonly badKeys: ReadonlySet<number>;
  /** How many bytes of an unfinished write were cut off its end. */
  readonly tornSize: number;
}

/** Opens the log at `path`, and begins one where there is none. */
export async function openLog(files: Files, path: string): Promise<OpenedLog> {
  const file = files.open(path);
  try {
    return await readLog(file, path);
  } catch (error) {
    file.close();
    throw error;
  }
}

/** Gives `take` all that a log holds. */
export async function giveEntries(
  { log, badBytes }: OpenedLog,
  take: (entry: StoreEntry) => void,
): Promise<void> {
  const { file, salt, index, end } = log;
  // What was lost may have been a change of anything before it.
  const doubtfulEnd =
    badBytes.findLast(({ key }) => key === undefined)?.position ?? 0;
  const scan = new LogScan(file, { salt, start: LOG_HEADER_SIZE, end });
  await walk(scan, (found) => {
    const { key, position, value } = scan;
    if (found !== "frame" || value === undefined) return;
    if (index.positionOf(key) !== position) return;
    if (position < doubtfulEnd) take({ key, value, doubtful: true });
    else take({ key, value });
  });
}

async function readLog(file: LogFile, path: string): Promise<OpenedLog> {
  const { size } = file;
  const head = new Uint8Array(Math.min(size, LOG_HEADER_SIZE));
  file.read(head, 0);
  const header = size < LOG_HEADER_SIZE ? undefined : decodeHeader(head);
  if (header === undefined) return beginLog(file, { path, head });
  const { version, salt, isWhole } = header;
  if (version !== LOG_VERSION) {
    const why =
      `its format is ${version}, and this version of midge knows ${LOG_VERSION}`;
    throw storeFault("open", path, "not-a-store", why);
  }
  const sum = new Sum();
  if (!isWhole) sum.addBadHeader(head);
  const scan = new LogScan(file, { salt, start: LOG_HEADER_SIZE, end: size });
  await walk(scan, (found) => sum.add(found, scan));
  const { index, badBytes, badKeys, tornSize } = sum;
  const end = size - tornSize;
  if (tornSize > 0) file.truncate(end);
  const log = new Log({ file, salt, index, end });
  return { log, badBytes, badKeys, tornSize };
}

/** A header that is not whole was never followed by anything: a process ended while it began the log. */
function beginLog(
  file: LogFile,
  { path, head }: { path: string; head: Uint8Array },
): OpenedLog {
  if (head.length === LOG_HEADER_SIZE || !beginsHeader(head)) {
    const why = "the file holds something else";
    throw storeFault("open", path, "not-a-store", why);
  }
  file.truncate(0);
  return {
    log: Log.begin(file),
    badBytes: [],
    badKeys: new Set(),
    tornSize: head.length,
  };
}

async function walk(
  scan: LogScan,
  see: (found: Found) => void,
): Promise<void> {
  let pieceEnd = scan.position + PIECE_SIZE;
  for (let found = scan.next(); found !== "end"; found = scan.next()) {
    see(found);
    if (scan.position < pieceEnd) continue;
    await breathe();
    pieceEnd = scan.position + PIECE_SIZE;
  }
}

/** What the frames of a log add up to. */
class Sum {
  readonly index = new LiveIndex();
  readonly badBytes: BadBytes[] = [];
  readonly badKeys = new Set<number>();
  tornSize = 0;

  /** One of its copies is right, so nothing is lost. */
  addBadHeader(bytes: Uint8Array): void {
    this.badBytes.push({ position: 0, bytes, changesMax: 0, key: undefined });
  }

  add(found: Found, scan: LogScan): void {
    if (found === "frame") this.#addFrame(scan);
    else if (found === "broken-value") this.#addBrokenValue(scan);
    else if (found === "torn") this.tornSize = scan.size;
    else this.#addNoFrame(scan);
  }

  #addFrame({ key, position, size, hasValue }: LogScan): void {
    if (hasValue) this.index.set(key, position, size);
    else this.index.delete(key);
    this.badKeys.delete(key);
  }

  #addBrokenValue(scan: LogScan): void {
    const { key, position } = scan;
    // The value before it does not hold any more.
    this.index.delete(key);
    this.badKeys.add(key);
    this.badBytes.push({ position, bytes: scan.bytes(), changesMax: 1, key });
  }

  #addNoFrame(scan: LogScan): void {
    const { position, size } = scan;
    const changesMax = Math.max(1, Math.floor(size / FRAME_SIZE_MIN));
    const bytes = scan.bytes();
    this.badBytes.push({ position, bytes, changesMax, key: undefined });
  }
}
