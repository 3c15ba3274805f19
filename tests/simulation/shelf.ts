// The disk of one program, which outlives its processes, and the stores that they have on it one after the other:
// logs whose appends take time. It knows what they have promised to keep, and that is what the next one must find.

import type {
  Store,
  StoreChange,
  StoreEntry,
  StoreFinding,
} from "../../mod.ts";
import { frameSize, LOG_HEADER_SIZE } from "../../src/store/log.ts";
import { LogStore } from "../../src/store/log_store.ts";
import {
  decodeFlight,
  FLIGHT_KEYS,
  MESSAGE_KEYS,
  MessageDecoder,
  SESSION_KEY,
} from "../../src/store/record_codec.ts";
import { Random } from "../fuzz/random.ts";
import { Disk } from "../store/disk.ts";
import { keyOf } from "./ledger.ts";
import type { Kill, StorePlan } from "./scenario.ts";
import type { Time } from "./time.ts";

const PATH = "log";

/** How many times the delay of an append a sync may take: else nothing would come while one is under way. */
const SLOW = 5;

/** What a process waits for that was killed. */
const NEVER = new Promise<never>(() => {});

/** What a shelf is made from. */
export interface ShelfOptions {
  readonly time: Time;
  readonly plan: StorePlan;
  readonly seed: number;
  /** Told when it is kept whose session it is: that is so when what CONNACK has said is. */
  readonly onBound: () => void;
  readonly fail: (rule: string, why: string) => void;
}

/** The process that has a store. */
export interface StoreOwner {
  readonly isKilled: boolean;
  /** Ends the process without a word. */
  onStopped(): void;
  /** The store is about to be opened. */
  onOpening(): void;
  /** Told the keys of the messages that the store has given back. */
  onRestored(keys: readonly string[]): void;
}

/** Keeps what stores have promised. */
export class Shelf {
  readonly #options: ShelfOptions;
  readonly #random: Random;
  #disk = new Disk();
  /** What every append that has ended has added up to. */
  #promised = new Map<number, Uint8Array>();
  /** The append under way: any number of its changes may be kept, from the first on. */
  #underWay: readonly StoreChange[] = [];
  /** The size of the largest append. */
  #appendMax = 0;

  constructor(options: ShelfOptions) {
    this.#options = options;
    this.#random = new Random(options.seed);
  }

  /** The store of a process. */
  store(owner: StoreOwner): Store {
    const { durability, garbageMax } = this.#options.plan;
    const disk = this.#disk;
    disk.onSync = () => this.#delay(2, SLOW);
    disk.onStopped = () => owner.onStopped();
    const log = new LogStore(disk, PATH, { durability, garbageMax });
    const whileAlive = <Value>(value: Promise<Value>): Promise<Value> =>
      untilKilled(owner, value);
    return {
      open: (take) => {
        owner.onOpening();
        return whileAlive(this.#open(log, take, owner));
      },
      append: (changes) => {
        if (owner.isKilled) return NEVER;
        const appending = this.#append(log, changes.map(copy), owner);
        return appending && whileAlive(appending);
      },
      close: () => whileAlive(log.close()),
    };
  }

  /** The process is to end at an operation of its disk. */
  arm({ after, part }: Kill): void {
    this.#disk.stopAfter = this.#disk.operations + after;
    this.#disk.partOfWrite = part;
  }

  /** It need not any more. */
  disarm(): void {
    this.#disk.stopAfter = Infinity;
  }

  /** The process has ended: what it had not written is lost, and with the power what it had not synced. */
  killed({ isPowerCut, part }: Kill): void {
    const names = this.#random.of(["old names", "new names"] as const);
    this.#disk = isPowerCut
      ? this.#disk.afterPowerLoss(names, part)
      : this.#disk.afterKill();
  }

  /** Why a packet may not leave yet; undefined where what it says is kept. */
  whyNot(
    type: "publish" | "pubrec" | "pubrel",
    packetId: number,
  ): string | undefined {
    if (type === "pubrec") {
      if (this.#promised.has(packetId)) return undefined;
      return "it is not kept that the message is owned";
    }
    const flight = this.#promised.get(FLIGHT_KEYS + packetId);
    if (flight === undefined) return "it is not kept that it is in flight";
    const { order, releaseOrder } = decodeFlight(flight);
    if (type === "pubrel") {
      return releaseOrder > 0 ? undefined : "it is not kept that PUBREC came";
    }
    if (this.#promised.has(MESSAGE_KEYS + order)) return undefined;
    return "the message is not kept";
  }

  /** What is kept of a session in which nothing is under way any more, besides whose it is: that comes to nothing. */
  get whatIsLeft(): string | undefined {
    const left = [...this.#promised.keys()].filter((key) =>
      key !== SESSION_KEY
    );
    return left.length === 0 ? undefined : `its store keeps ${left}`;
  }

  /** What must hold in the end: the next process would find all that is there. */
  async checkEnd(): Promise<void> {
    const { durability, garbageMax } = this.#options.plan;
    const options = { durability, garbageMax };
    const log = new LogStore(this.#disk.afterKill(), PATH, options);
    const entries: StoreEntry[] = [];
    this.#found(entries, await log.open((entry) => entries.push(kept(entry))));
    await log.close();
  }

  async #open(
    log: LogStore,
    take: (entry: StoreEntry) => void,
    owner: StoreOwner,
  ): Promise<StoreFinding> {
    const entries: StoreEntry[] = [];
    const damages = await log.open((entry) => {
      entries.push(kept(entry));
      take(entry);
    });
    if (owner.isKilled) return;
    this.#found(entries, damages);
    const decoder = new MessageDecoder();
    owner.onRestored(
      entries.filter(({ key }) => key >= MESSAGE_KEYS)
        .map(({ value }) => keyOf(decoder.decode(value).packet.payload)),
    );
    return damages;
  }

  #append(
    log: LogStore,
    changes: readonly StoreChange[],
    owner: StoreOwner,
  ): Promise<void> | undefined {
    const { durability, delayMs } = this.#options.plan;
    if (this.#underWay.length > 0) {
      this.#options.fail("one append at a time", `${changes.length} more`);
    }
    this.#underWay = changes;
    const isLate = delayMs > 0 && !this.#random.once(3);
    if (durability === "sync" || isLate) {
      return this.#appendLate(log, changes, owner);
    }
    const appending = log.append(changes);
    if (appending === undefined) return void this.#kept(changes);
    return appending.then(() => this.#kept(changes));
  }

  async #appendLate(
    log: LogStore,
    changes: readonly StoreChange[],
    owner: StoreOwner,
  ): Promise<void> {
    await this.#delay(1);
    // A process that has ended writes nothing: its disk is another's by now.
    if (owner.isKilled) return;
    await log.append(changes);
    await this.#delay(2);
    if (!owner.isKilled) this.#kept(changes);
  }

  async #delay(onceIn: number, times = 1): Promise<void> {
    const { plan: { delayMs }, time } = this.#options;
    if (delayMs === 0 || !this.#random.once(onceIn)) return;
    await time.sleep(this.#random.below(delayMs * times + 1));
  }

  #kept(changes: readonly StoreChange[]): void {
    this.#underWay = [];
    apply(this.#promised, changes);
    if (changes.some(({ key }) => key === SESSION_KEY)) this.#options.onBound();
    this.#appendMax = Math.max(this.#appendMax, sizeOf(changes));
    this.#checkSize();
  }

  /** The log is no longer than twice what is of use, or than that and what need not be written anew yet. */
  #checkSize(): void {
    const { length } = this.#disk.read(PATH);
    const { garbageMax } = this.#options.plan;
    const isRewritten = this.#disk.names.includes(`${PATH}.new`);
    if (length <= garbageMax || isRewritten) return;
    const live = sizeOf(
      [...this.#promised].map(([key, value]) => ({ key, value })),
    );
    const max = LOG_HEADER_SIZE + live + Math.max(live, garbageMax) +
      2 * this.#appendMax;
    if (length <= max) return;
    this.#options.fail(
      "the log is bounded",
      `${length} bytes, of which ${live} are of use`,
    );
  }

  /** What was found must be what was promised, and as much of the last append as was done. */
  #found(entries: readonly StoreEntry[], damages: StoreFinding): void {
    // Of an unfinished write nothing was promised.
    const damage = damages?.find(({ changesMax }) => changesMax > 0);
    if (damage !== undefined) {
      this.#options.fail("the log opens undamaged", damage.message);
    }
    const found = new Map(entries.map(({ key, value }) => [key, value]));
    const possible = new Map(this.#promised);
    let isPossible = isSame(found, possible);
    for (const change of this.#underWay) {
      apply(possible, [change]);
      isPossible ||= isSame(found, possible);
    }
    if (!isPossible) {
      this.#options.fail(
        "what was promised is kept",
        `found ${[...found.keys()]}, and promised were ${[
          ...this.#promised.keys(),
        ]}, with ${
          this.#underWay.map(({ key, value }) => value ? `+${key}` : `-${key}`)
        } under way`,
      );
    }
    this.#promised = found;
    this.#underWay = [];
  }
}

/** Nobody hears of what a process has waited for that was killed. */
async function untilKilled<Value>(
  owner: StoreOwner,
  value: Promise<Value>,
): Promise<Value> {
  try {
    return await value;
  } finally {
    if (owner.isKilled) await NEVER;
  }
}

function apply(
  entries: Map<number, Uint8Array>,
  changes: readonly StoreChange[],
): void {
  for (const { key, value } of changes) {
    if (value === undefined) entries.delete(key);
    else entries.set(key, value);
  }
}

function isSame(
  one: ReadonlyMap<number, Uint8Array>,
  other: ReadonlyMap<number, Uint8Array>,
): boolean {
  if (one.size !== other.size) return false;
  for (const [key, value] of one) {
    const against = other.get(key);
    if (against === undefined || against.length !== value.length) return false;
    if (!value.every((byte, index) => byte === against[index])) return false;
  }
  return true;
}

function sizeOf(changes: readonly StoreChange[]): number {
  return changes.reduce((sum, change) => sum + frameSize(change), 0);
}

/** The values of a change are the client's, and rewritten. */
function copy({ key, value }: StoreChange): StoreChange {
  return { key, value: value?.slice() };
}

function kept({ key, value }: StoreEntry): StoreEntry {
  return { key, value: value.slice() };
}
