/**
 * Files as Deno has them.
 *
 * @module
 */
import type { FileLock, Files, LogFile } from "./files.ts";

/** The files of this machine. */
export const denoFiles: Files = {
  resolve(path: string): string {
    // A link that leads nowhere yet has no real path either.
    openFile(path).close();
    try {
      const real = Deno.realPathSync(path);
      openFile(real).close();
      return real;
    } catch (error) {
      // Where the link alone is permitted, its path is all that can be had.
      if (error instanceof Deno.errors.NotCapable) return path;
      throw error;
    }
  },

  open(path: string): LogFile {
    return new DenoLogFile(openFile(path));
  },

  rename(from: string, to: string): void {
    Deno.renameSync(from, to);
  },

  remove(path: string): void {
    try {
      Deno.removeSync(path);
    } catch (error) {
      if (!(error instanceof Deno.errors.NotFound)) throw error;
    }
  },

  async syncFolder(path: string): Promise<void> {
    // Windows opens no folders: there the renaming itself is all that can be had.
    if (Deno.build.os === "windows") return;
    using folder = await Deno.open(folderOf(path));
    await folder.sync();
  },

  lock(path: string): FileLock | undefined {
    const file = Deno.openSync(path, { write: true, create: true });
    try {
      if (file.tryLockSync(true)) return { release: () => release(file) };
    } catch (error) {
      file.close();
      throw error;
    }
    file.close();
    return undefined;
  },
};

function openFile(path: string): Deno.FsFile {
  return Deno.openSync(path, { read: true, append: true, create: true });
}

/** To close it is not enough: a program that is just being started has what is open here until it runs. */
function release(file: Deno.FsFile): void {
  file.unlockSync();
  file.close();
}

/** The folder that a path leads to a file of. */
export function folderOf(path: string): string {
  const folder = path.replace(/[^/\\]*$/, "");
  return folder === "" ? "." : folder;
}

class DenoLogFile implements LogFile {
  readonly #file: Deno.FsFile;

  constructor(file: Deno.FsFile) {
    this.#file = file;
  }

  get size(): number {
    return this.#file.statSync().size;
  }

  get isLinked(): boolean {
    return this.#file.statSync().nlink !== 0;
  }

  read(into: Uint8Array, position: number): number {
    // What is appended goes to the end wherever this leaves the file standing.
    this.#file.seekSync(position, Deno.SeekMode.Start);
    let length = 0;
    while (length < into.length) {
      const count = this.#file.readSync(into.subarray(length));
      if (count === null) break;
      length += count;
    }
    return length;
  }

  append(bytes: Uint8Array): void {
    let written = this.#file.writeSync(bytes);
    while (written < bytes.length) {
      written += this.#file.writeSync(bytes.subarray(written));
    }
  }

  truncate(size: number): void {
    this.#file.truncateSync(size);
  }

  async sync(): Promise<void> {
    await this.#file.syncData();
  }

  close(): void {
    this.#file.close();
  }
}
