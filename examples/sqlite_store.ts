/**
 * A store of one's own: the session of a client in a SQLite database.
 *
 * A store keeps bytes by number, so one table is enough, and one transaction for each append. It needs
 * `--allow-read` and `--allow-write` for the folder of the database, and nothing to be installed.
 *
 * @module
 */
import { DatabaseSync } from "node:sqlite";
import type { Store, StoreChange, StoreEntry } from "../mod.ts";

/** Keeps a session in the database at `path`. */
export class SqliteStore implements Store {
  readonly #path: string;
  #database: DatabaseSync | undefined;

  constructor(path: string) {
    this.#path = path;
  }

  open(take: (entry: StoreEntry) => void): void {
    // Another client must not have it open: it is told at once, and not after a wait.
    const database = new DatabaseSync(this.#path, { timeout: 0 });
    try {
      // "full" outlives a loss of power; with "normal" an append costs less, and outlives the process.
      database.exec(`
        PRAGMA locking_mode = exclusive;
        PRAGMA journal_mode = wal;
        PRAGMA synchronous = full;
        CREATE TABLE IF NOT EXISTS session (key INTEGER PRIMARY KEY, value BLOB NOT NULL);
      `);
      for (const row of database.prepare("SELECT * FROM session").iterate()) {
        take({ key: Number(row.key), value: bytes(row.value) });
      }
    } catch (error) {
      database.close();
      throw error;
    }
    this.#database = database;
  }

  append(changes: readonly StoreChange[]): void {
    const database = this.#database;
    if (database === undefined) throw new Error("The store is not open");
    const put = database.prepare(
      "INSERT OR REPLACE INTO session VALUES (?, ?)",
    );
    const remove = database.prepare("DELETE FROM session WHERE key = ?");
    database.exec("BEGIN");
    try {
      for (const { key, value } of changes) {
        if (value === undefined) remove.run(key);
        else put.run(key, value);
      }
      database.exec("COMMIT");
    } catch (error) {
      if (database.isTransaction) database.exec("ROLLBACK");
      throw error;
    }
  }

  close(): void {
    this.#database?.close();
    this.#database = undefined;
  }
}

function bytes(value: unknown): Uint8Array {
  if (value instanceof Uint8Array) return value;
  throw new TypeError("The column has no bytes");
}
