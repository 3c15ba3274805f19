/**
 * What every store must do, as cases for any test runner.
 *
 * @module
 */
import type { Store, StoreChange } from "./store.ts";

/**
 * Makes a store at a place. The same place again means the same bytes: what a process that starts anew
 * would find there. Another place is empty.
 */
export type MakeStore = (place: string) => Store | Promise<Store>;

/** One thing that a store must do. */
export interface StoreCase {
  /** What it must do, as a sentence. */
  readonly name: string;
  /** Tries it; rejects where the store does not do it. */
  run(): Promise<void>;
}

/** What a store holds, by key; the values as text, to be compared. */
type Contents = ReadonlyMap<number, string>;

const KEYS: readonly number[] = [
  0,
  1,
  65_535,
  65_536,
  131_072,
  2 ** 31,
  2 ** 32 + 1,
  Number.MAX_SAFE_INTEGER,
];

const BIG = 1_000_000;

/**
 * The cases that a store must pass to keep a client's session: register each with your test runner.
 *
 * @example
 * ```ts ignore
 * import { fileStore } from "@midge/mqtt";
 * import { storeCases } from "@midge/mqtt/testing";
 *
 * const cases = storeCases((place) => fileStore(`/tmp/stores/${place}`));
 * for (const { name, run } of cases) Deno.test(`The store ${name}`, run);
 * ```
 */
export function storeCases(makeStore: MakeStore): readonly StoreCase[] {
  return CASES.map(([name, run], number) => ({
    name,
    run: () => run(() => makeStore(`case-${number}`)),
  }));
}

type Make = () => Store | Promise<Store>;

const CASES: readonly (readonly [string, (make: Make) => Promise<void>])[] = [
  ["is empty at a new place", async (make) => {
    await expect(make, new Map());
  }],

  ["gives back what was appended, under any key", async (make) => {
    const contents = new Map(KEYS.map((key) => [key, `value ${key}`]));
    await appendAll(make, [[...contents].map(([key, text]) => put(key, text))]);
    await expect(make, contents);
  }],

  ["keeps an empty value, and one of a megabyte", async (make) => {
    const big = "0123456789".repeat(BIG / 10);
    await appendAll(make, [[put(1, ""), put(2, big)]]);
    await expect(make, new Map([[1, ""], [2, big]]));
  }],

  ["keeps every byte as it is", async (make) => {
    const value = Uint8Array.from({ length: 256 }, (_, byte) => byte);
    await appendAll(make, [[{ key: 1, value }]]);
    await expect(make, new Map([[1, text(value)]]));
  }],

  ["has one value for a key, the last", async (make) => {
    await appendAll(make, [[put(1, "one"), put(2, "two")], [put(1, "other")]]);
    await expect(make, new Map([[1, "other"], [2, "two"]]));
  }],

  [
    "forgets what is removed, and minds no key that is not there",
    async (make) => {
      await appendAll(make, [[put(1, "one"), put(2, "two")], [
        remove(1),
        remove(3),
      ]]);
      await expect(make, new Map([[2, "two"]]));
    },
  ],

  ["takes the changes of one append in their order", async (make) => {
    await appendAll(make, [[
      put(1, "one"),
      remove(1),
      put(1, "again"),
      put(2, "two"),
      remove(2),
    ]]);
    await expect(make, new Map([[1, "again"]]));
  }],

  [
    "takes the same changes twice, as a client does after a failure",
    async (make) => {
      const changes = [put(1, "one"), remove(2), put(3, "three")];
      await appendAll(make, [[put(2, "two")], changes, changes]);
      await expect(make, new Map([[1, "one"], [3, "three"]]));
    },
  ],

  ["takes an append of nothing", async (make) => {
    await appendAll(make, [[], [put(1, "one")], []]);
    await expect(make, new Map([[1, "one"]]));
  }],

  [
    "copies values: the client writes over them after the append",
    async (make) => {
      const store = await make();
      await store.open(() => {});
      const value = new TextEncoder().encode("mine");
      await store.append([{ key: 1, value: value.subarray(1) }]);
      value.fill(0);
      await store.close();
      await expect(make, new Map([[1, "ine"]]));
    },
  ],

  ["goes on after it was closed and opened, time and again", async (make) => {
    const store = await make();
    const contents = new Map<number, string>();
    for (let key = 0; key < 5; key++) {
      assertSame(await open(store), contents);
      await store.append([put(key, `${key}`)]);
      contents.set(key, `${key}`);
      await store.close();
    }
    await expect(make, contents);
  }],

  [
    "lets nobody else open it while it is open, and anybody afterwards",
    async (make) => {
      const first = await make();
      await first.open(() => {});
      const second = await make();
      if (await opens(second)) {
        throw new Error("The store was opened while another had it open");
      }
      await first.append([put(1, "one")]);
      await first.close();
      assertSame(await open(second), new Map([[1, "one"]]));
      await second.close();
    },
  ],

  ["holds what the changes add up to, over thousands of them", async (make) => {
    const contents = new Map<number, string>();
    const store = await make();
    await store.open(() => {});
    let chance = 1;
    const below = (limit: number) => {
      chance = (Math.imul(chance, 1_103_515_245) + 12_345) >>> 0;
      return (chance >>> 8) % limit;
    };
    for (let group = 0; group < 300; group++) {
      const changes = Array.from({ length: below(40) }, () => {
        const key = below(200);
        return below(3) === 0 ? remove(key) : put(key, "x".repeat(below(90)));
      });
      await store.append(changes);
      for (const { key, value } of changes) {
        if (value === undefined) contents.delete(key);
        else contents.set(key, text(value));
      }
    }
    await store.close();
    await expect(make, contents);
  }],
];

function put(key: number, value: string): StoreChange {
  return { key, value: new TextEncoder().encode(value) };
}

function remove(key: number): StoreChange {
  return { key, value: undefined };
}

/** Bytes as a text of as many characters. */
function text(bytes: Uint8Array): string {
  return new TextDecoder("latin1").decode(bytes);
}

async function appendAll(
  make: Make,
  appends: readonly (readonly StoreChange[])[],
): Promise<void> {
  const store = await make();
  await store.open(() => {});
  for (const changes of appends) await store.append(changes);
  await store.close();
}

async function open(store: Store): Promise<Contents> {
  const contents = new Map<number, string>();
  const damages = await store.open(({ key, value }) => {
    if (contents.has(key)) throw new Error(`Key ${key} was given twice`);
    contents.set(key, text(value));
  });
  if (damages !== undefined && damages.length > 0) {
    throw new Error(`The store is damaged: ${damages[0]?.message}`);
  }
  return contents;
}

async function opens(store: Store): Promise<boolean> {
  try {
    await store.open(() => {});
    return true;
  } catch {
    return false;
  }
}

/** What a store opened anew at the place holds. */
async function expect(make: Make, contents: Contents): Promise<void> {
  const store = await make();
  try {
    assertSame(await open(store), contents);
  } finally {
    await store.close();
  }
}

function assertSame(actual: Contents, expected: Contents): void {
  for (const key of new Set([...actual.keys(), ...expected.keys()])) {
    const [has, wants] = [shown(actual.get(key)), shown(expected.get(key))];
    if (actual.get(key) === expected.get(key)) continue;
    throw new Error(`Under key ${key} the store has ${has}, not ${wants}`);
  }
}

function shown(value: string | undefined): string {
  if (value === undefined) return "nothing";
  const some = JSON.stringify(value.slice(0, 40));
  return value.length > 40 ? `${some}… of ${value.length} bytes` : some;
}
