/**
 * The bench on which logs are tried: changes as short texts, stores on a disk in memory, what they hold.
 *
 * @module
 */
import type { Files } from "../../src/store/files.ts";
import type { LogOptions } from "../../src/store/log_keeper.ts";
import { LogStore } from "../../src/store/log_store.ts";
import type {
  StoreChange,
  StoreDamage,
  StoreEntry,
} from "../../src/store/store.ts";
import { Disk } from "./disk.ts";

/** Where the log of a test is. */
export const PATH = "folder/store";

/** What a store holds: values as texts, in the order of their keys. */
export type Contents = Readonly<Record<number, string>>;

/** A store that has been opened, and what it gave. */
export interface OpenStore {
  readonly store: LogStore;
  readonly contents: Contents;
  readonly entries: readonly StoreEntry[];
  readonly damages: readonly StoreDamage[];
}

const encoder = new TextEncoder();
const decoder = new TextDecoder("latin1");

/** A change that gives a key a value. */
export function put(key: number, value: string): StoreChange {
  return { key, value: encoder.encode(value) };
}

/** A change that takes a key's value away. */
export function remove(key: number): StoreChange {
  return { key, value: undefined };
}

/** Opens the store on a disk. */
export async function openStore(
  files: Files = new Disk(),
  options: Partial<LogOptions> = {},
): Promise<OpenStore> {
  const store = new LogStore(files, PATH, {
    durability: "flush",
    garbageMax: Infinity,
    ...options,
  });
  const entries: StoreEntry[] = [];
  const damages = await store.open(({ key, value, ...rest }) => {
    entries.push({ key, value: value.slice(), ...rest });
  });
  const contents: Record<number, string> = {};
  for (const { key, value } of entries) {
    if (key in contents) throw new Error(`Key ${key} was given twice`);
    contents[key] = decoder.decode(value);
  }
  return { store, contents, entries, damages };
}

/** What the store on a disk holds. It must not be open. */
export async function contentsOf(files: Files): Promise<Contents> {
  const { store, contents } = await openStore(files);
  await store.close();
  return contents;
}

/** What changes add up to. */
export function sumOf(changes: Iterable<StoreChange>): Contents {
  const contents: Record<number, string> = {};
  for (const { key, value } of changes) {
    if (value === undefined) delete contents[key];
    else contents[key] = decoder.decode(value);
  }
  return contents;
}

/** Lets everything that waits for its turn have it. */
export function turn(): Promise<void> {
  return new Promise((resolve) => {
    setImmediate(resolve);
  });
}
