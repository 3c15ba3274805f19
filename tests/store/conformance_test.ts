// Stores that do nearly what a store must do: each is found out by the case that names what it does not do.

import { assertEquals } from "@std/assert";
import { storeCases } from "../../src/store/conformance.ts";
import type { Store, StoreChange, StoreEntry } from "../../src/store/store.ts";

type Values = Map<number, Uint8Array>;

/** A right store, of which the wrong ones change a part. */
class RightStore implements Store {
  static readonly places = new Map<string, Values>();
  static readonly locked = new Set<Values>();
  readonly values: Values;

  constructor(place: string) {
    this.values = RightStore.places.get(place) ?? new Map();
    RightStore.places.set(place, this.values);
  }

  open(take: (entry: StoreEntry) => void): void {
    if (RightStore.locked.has(this.values)) throw new Error("in use");
    RightStore.locked.add(this.values);
    for (const [key, value] of this.values) take({ key, value });
  }

  append(changes: readonly StoreChange[]): void {
    for (const change of changes) this.take(change);
  }

  take({ key, value }: StoreChange): void {
    if (value === undefined) this.values.delete(key);
    else this.put(key, value.slice());
  }

  put(key: number, value: Uint8Array): void {
    this.values.set(key, value);
  }

  close(): void {
    RightStore.locked.delete(this.values);
  }
}

/** The cases that a store does not pass. */
async function failures(
  makeStore: new (place: string) => Store,
): Promise<string[]> {
  RightStore.places.clear();
  RightStore.locked.clear();
  const failed: string[] = [];
  for (const { name, run } of storeCases((place) => new makeStore(place))) {
    await run().catch(() => failed.push(name));
  }
  return failed;
}

Deno.test("storeCases() finds no fault with a store that is right", async () => {
  assertEquals(await failures(RightStore), []);
});

const MANY = "holds what the changes add up to, over thousands of them";
const REMOVAL = "forgets what is removed, and minds no key that is not there";
const ORDER = "takes the changes of one append in their order";
const TWICE = "takes the same changes twice, as a client does after a failure";

Deno.test("storeCases() finds a store that keeps the client's bytes and not a copy", async () => {
  class Store extends RightStore {
    override take({ key, value }: StoreChange): void {
      if (value === undefined) this.values.delete(key);
      else this.put(key, value);
    }
  }
  assertEquals(await failures(Store), [
    "copies values: the client writes over them after the append",
  ]);
});

Deno.test("storeCases() finds a store that forgets nothing", async () => {
  class Store extends RightStore {
    override take(change: StoreChange): void {
      if (change.value !== undefined) super.take(change);
    }
  }
  assertEquals(await failures(Store), [REMOVAL, ORDER, TWICE, MANY]);
});

Deno.test("storeCases() finds a store that removes first and puts then", async () => {
  class Store extends RightStore {
    override append(changes: readonly StoreChange[]): void {
      super.append(changes.filter(({ value }) => value === undefined));
      super.append(changes.filter(({ value }) => value !== undefined));
    }
  }
  assertEquals(await failures(Store), [ORDER, MANY]);
});

Deno.test("storeCases() finds a store that minds a key that is not there", async () => {
  class Store extends RightStore {
    override take(change: StoreChange): void {
      if (change.value === undefined && !this.values.has(change.key)) {
        throw new Error("There is no such key");
      }
      super.take(change);
    }
  }
  assertEquals(await failures(Store), [REMOVAL, TWICE, MANY]);
});

Deno.test("storeCases() finds a store that takes an empty value for none", async () => {
  class Store extends RightStore {
    override put(key: number, value: Uint8Array): void {
      if (value.length > 0) super.put(key, value);
      else this.values.delete(key);
    }
  }
  assertEquals(await failures(Store), [
    "keeps an empty value, and one of a megabyte",
    MANY,
  ]);
});

Deno.test("storeCases() finds a store with keys of 32 bits", async () => {
  class Store extends RightStore {
    override take({ key, value }: StoreChange): void {
      super.take({ key: key >>> 0, value });
    }
  }
  assertEquals(await failures(Store), [
    "gives back what was appended, under any key",
  ]);
});

Deno.test("storeCases() finds a store that keeps text", async () => {
  class Store extends RightStore {
    override put(key: number, value: Uint8Array): void {
      const text = new TextDecoder().decode(value);
      super.put(key, new TextEncoder().encode(text));
    }
  }
  assertEquals(await failures(Store), ["keeps every byte as it is"]);
});

Deno.test("storeCases() finds a store that two may have open", async () => {
  class Store extends RightStore {
    override open(take: (entry: StoreEntry) => void): void {
      for (const [key, value] of this.values) take({ key, value });
    }
  }
  assertEquals(await failures(Store), [
    "lets nobody else open it while it is open, and anybody afterwards",
  ]);
});

Deno.test("storeCases() finds a store that begins anew each time", async () => {
  class Store extends RightStore {
    override close(): void {
      super.close();
      this.values.clear();
    }
  }
  const all = storeCases(() => new Store("")).map(({ name }) => name);
  assertEquals(await failures(Store), all.slice(1));
});

Deno.test("storeCases() finds a store that gives every version of a value", async () => {
  class Store extends RightStore {
    override open(take: (entry: StoreEntry) => void): void {
      super.open((entry) => {
        take(entry);
        take(entry);
      });
    }
  }
  const all = storeCases(() => new Store("")).map(({ name }) => name);
  assertEquals(await failures(Store), all.slice(1));
});
