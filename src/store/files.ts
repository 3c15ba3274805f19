/**
 * What a log asks of files: few things, in one place, so that a test can stop the world between any two.
 *
 * All but `sync` is done when it returns: the page cache is quicker than a turn of the event loop.
 *
 * @module
 */

/** A file that is read anywhere and written at its end alone. */
export interface LogFile {
  /** How many bytes it has. */
  readonly size: number;
  /** Whether its path still leads to it: it was not removed. */
  readonly isLinked: boolean;
  /** Reads from `position` on; how many bytes it were, 0 at the end. */
  read(into: Uint8Array, position: number): number;
  /** Writes all of it at the end. Where it throws, a part may be written. */
  append(bytes: Uint8Array): void;
  /** Cuts off what is behind `size`. */
  truncate(size: number): void;
  /** Resolves when all that was written before will outlive a loss of power. */
  sync(): Promise<void>;
  /** Closes it. */
  close(): void;
}

/** Says that nobody else may have a file open; the system takes it back when the process ends. */
export interface FileLock {
  /** Gives it back. */
  release(): void;
}

/** The system's files. */
export interface Files {
  /** The one path of a file, by whichever way one comes to it, and from whichever folder; the file is made where it is not there. */
  resolve(path: string): string;
  /** Opens a file, and makes it where it is not there. */
  open(path: string): LogFile;
  /** Gives a file another's path; the other one has none any more. */
  rename(from: string, to: string): void;
  /** Removes a file, where it is there. */
  remove(path: string): void;
  /** Resolves when renames in the folder of `path` will outlive a loss of power, where the system can say. */
  syncFolder(path: string): Promise<void>;
  /** Locks a file, which is made for that; undefined where it is locked already. */
  lock(path: string): FileLock | undefined;
}
