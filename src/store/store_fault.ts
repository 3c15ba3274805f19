/**
 * What the system says of a store's files, as a StoreError that a person can act on.
 *
 * @module
 */
import { StoreError, type StoreFault } from "../errors.ts";
import { folderOf } from "./deno_files.ts";

const BY_CODE: Readonly<Record<string, readonly [StoreFault, string]>> = {
  ENOSPC: ["full", "no space is left"],
  EDQUOT: ["full", "the quota of space is used up"],
  EFBIG: ["full", "the file must not become larger"],
  EROFS: ["forbidden", "the file system is read-only"],
  EACCES: ["forbidden", "the file or its folder belongs to others"],
  EPERM: ["forbidden", "the system does not permit it"],
  ENOENT: ["failed", "there is no such folder"],
  ENOTDIR: ["failed", "there is no such folder"],
  EISDIR: ["not-a-store", "it is a folder"],
};

/** A StoreError for what was thrown while something, `open` say, was done to the store at `path`. */
export function storeError(
  what: string,
  path: string,
  error: unknown,
): unknown {
  if (error instanceof StoreError || error instanceof RangeError) return error;
  const [fault, why] = explain(path, error);
  const message = `Cannot ${what} the store ${path}: ${why}`;
  return new StoreError(message, { fault, cause: error });
}

/** A StoreError that says `why` itself. */
export function storeFault(
  what: string,
  path: string,
  fault: StoreFault,
  why: string,
): StoreError {
  return new StoreError(`Cannot ${what} the store ${path}: ${why}`, { fault });
}

function explain(
  path: string,
  error: unknown,
): readonly [StoreFault, string] {
  if (error instanceof Deno.errors.NotCapable) {
    const folder = folderOf(path);
    return [
      "forbidden",
      `Deno does not permit it; run again with --allow-read=${folder} --allow-write=${folder}`,
    ];
  }
  if (!(error instanceof Error)) return ["failed", String(error)];
  const code = "code" in error ? String(error.code) : "";
  return BY_CODE[code] ?? ["failed", error.message];
}
