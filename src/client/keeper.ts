/**
 * The store's side of a client: what the session has to remember is kept before the bytes that go with it
 * leave.
 *
 * It is loaded only where there is a store.
 *
 * @module
 */
import type { ConnackPacket, ConnectPacket } from "../codec/packet.ts";
import { StoreError } from "../errors.ts";
import type { Session } from "../session/session.ts";
import { renewalAt, type SessionBinding } from "../store/binding.ts";
import { Ledger } from "../store/ledger.ts";
import type { Store, StoreChange, StoreDamage } from "../store/store.ts";
import { SessionReader, type StoredSession } from "../store/stored_session.ts";
import type { Approaches } from "./approach.ts";
import type { Clock } from "./clock.ts";
import type { LinkOwner } from "./link_owner.ts";
import type { Restored } from "./restored.ts";
import { untilAborted } from "./until_aborted.ts";
import { aborted, type Request } from "./wait.ts";

/** The Session Expiry Interval of a session that never expires. */
const NEVER_EXPIRES = 0xffff_ffff;

/** How long a store may take over what it is given last. */
const END_MS = 5_000;

const NEVER = new AbortController().signal;

/** What a keeper is made from. */
export interface KeeperOptions {
  readonly store: Store;
  readonly session: Session<Request>;
  readonly clock: Clock;
  /** Is told of damages, and makes the requests of messages that an earlier process has published. */
  readonly owner: Pick<LinkOwner, "makeRequest" | "onStatus">;
  /** Is told what has come back before anything is done with it, and may have that come to nothing. */
  readonly onRestored: ((restored: Restored) => void) | undefined;
  /** The store has failed, and what it could not keep was refused: the session's events wait. */
  readonly onRefused: () => void;
}

/** Has the store keep what the session records, one append at a time. What is recorded meanwhile goes with the next. */
export class Keeper {
  readonly #store: Store;
  readonly #session: Session<Request>;
  readonly #options: KeeperOptions;
  #ledger = new Ledger();
  #binding: SessionBinding | undefined;
  /** When the binding is to be written anew: ms of the wall clock. */
  #renewalAt = Infinity;
  /** The message that was accepted last, of those that are recorded, and of those that are kept. */
  #recordedTo = 0;
  #keptTo = 0;
  #appending: Promise<void> | undefined;
  /** Why the last append has failed, and what it was to keep. */
  #fault: StoreError | undefined;
  #unkept: readonly StoreChange[] = [];
  #ended: Promise<void> | undefined;
  #restored: Restored | undefined;
  /** What is kept last of all, where anything is. */
  #last: { readonly checkpoint: string | undefined } | undefined;

  /** Makes a keeper whose store is not open. */
  constructor(options: KeeperOptions) {
    this.#options = options;
    this.#store = options.store;
    this.#session = options.session;
  }

  /** What the store has brought back; undefined before it is open. */
  get restored(): Restored | undefined {
    return this.#restored;
  }

  /**
   * Opens the store, and has the session go on with what it gives. Rejects with a StoreError, with an AbortedError
   * when the signal fires before the store has answered, or with what `onRestored` throws.
   */
  async open(approaches: Approaches, signal = NEVER): Promise<void> {
    if (signal.aborted) throw aborted("connect", signal);
    const wallNow = this.#options.clock.wallNow();
    const reader = new SessionReader(this.#wallAhead);
    let damages: readonly StoreDamage[];
    const opening = this.#open(reader);
    try {
      damages = await untilAborted(opening, signal);
    } catch (error) {
      if (!signal.aborted) throw storeError("open the store", error);
      // What is open too late is of no use to anybody.
      opening.then(() => this.#store.close()).catch(() => {});
      throw aborted("connect", signal);
    }
    for (const damage of damages) {
      reader.takeDamage(damage);
      const { message: text } = damage;
      this.#options.owner.onStatus({ type: "warning", text });
    }
    const { askedClientId: clientId, addresses: servers } = approaches;
    const stored = reader.finish({ clientId, servers, wallNow });
    if (stored.binding !== undefined) {
      approaches.goOnAs(stored.binding.clientId);
    }
    this.#restored = describe(stored, damages);
    try {
      this.#options.onRestored?.(this.#restored);
    } catch (error) {
      // What is damaged is found once: what follows from it has to be kept now.
      if (damages.some(({ changesMax }) => changesMax > 0)) {
        this.#restore(stored);
      }
      await this.end();
      throw error;
    }
    this.#restore(stored);
  }

  /** Whether the store has failed, and was not repaired since. */
  get isFailing(): boolean {
    return this.#fault !== undefined;
  }

  /** Whether there is something to keep. */
  get isDue(): boolean {
    return this.#ended === undefined &&
      (this.#session.keeping.hasRecords || this.#ledger.hasChanges);
  }

  /** When `wake()` is due, in ms of the driver's clock. */
  get deadline(): number {
    return this.#renewalAt - this.#wallAhead;
  }

  /**
   * Keeps all that was recorded by now: undefined where that is done, a promise where the store needs its time.
   * It throws or rejects with a StoreError, and then what it could not keep is refused.
   */
  keep(): Promise<void> | undefined {
    if (this.#ended !== undefined) return this.#ended;
    return this.#keep();
  }

  /** The same where nothing waits for it: while there is no wire. */
  keepApart(): void {
    try {
      this.keep()?.catch(told);
    } catch {
      // Those whose messages it has refused were told.
    }
  }

  /** Keeps a checkpoint that goes with no message. Resolves when it is kept; rejects with a StoreError where it is not. */
  async checkpoint(checkpoint: string | undefined): Promise<void> {
    this.#session.keeping.checkpoint(checkpoint);
    await this.keep();
  }

  /** Where nothing is left to be settled at the end, this checkpoint is kept last of all. */
  endWith(checkpoint: string | undefined): void {
    this.#last = { checkpoint };
  }

  /** Appends again what could not be kept. Rejects with a StoreError where it cannot be kept now either. */
  async repair(): Promise<void> {
    await this.#appending?.catch(told);
    if (this.#fault !== undefined) await this.#repair();
  }

  /** CONNACK has accepted: so it is known whose session this is. */
  bind(connect: ConnectPacket, connack: ConnackPacket, server: string): void {
    const { protocolVersion } = connack;
    this.#binding = {
      clientId: this.#session.clientId,
      server,
      protocolVersion,
      sessionExpiryInterval: expiryInterval(connect, connack),
      keepAlive: connack.properties.serverKeepAlive ?? connect.keepAlive,
      seenAt: 0,
    };
    this.#renew();
  }

  /** The deadline has come, or it may have. */
  wake(): void {
    if (this.#options.clock.wallNow() < this.#renewalAt) return;
    if (this.#session.connected) this.#renew();
    else this.#renewalAt = Infinity;
  }

  /**
   * Keeps what was recorded by now, and nothing of what follows; then lets go of the store. Resolves when that is
   * done, or the time is over: a store that does not answer holds nobody up.
   */
  end(withinMs = END_MS): Promise<void> {
    const ended = this.#ended ??= this.#end();
    return new Promise((resolve) => {
      const cancel = this.#options.clock.schedule(resolve, withinMs);
      void ended.then(() => {
        cancel();
        resolve();
      });
    });
  }

  async #end(): Promise<void> {
    const { inFlight, queued, keeping } = this.#session;
    if (this.#last !== undefined && inFlight + queued === 0) {
      keeping.checkpoint(this.#last.checkpoint);
    }
    try {
      await (this.#fault === undefined ? this.#keep() : this.#repair());
    } catch {
      // Those whose messages it has refused were told.
    }
    try {
      await this.#store.close();
    } catch {
      // What was appended is kept all the same, and nothing more is to be.
    }
  }

  async #open(reader: SessionReader): Promise<readonly StoreDamage[]> {
    return await this.#store.open((entry) => reader.take(entry)) ?? [];
  }

  #restore({ session, ledger, binding }: StoredSession): void {
    const { owner } = this.#options;
    this.#ledger = ledger;
    this.#recordedTo = this.#keptTo = session.lastOrder;
    this.#session.keeping.restore(
      session,
      binding?.clientId,
      (topicName) => owner.makeRequest(topicName),
    );
  }

  get #wallAhead(): number {
    const { clock } = this.#options;
    return clock.wallNow() - clock.now();
  }

  #renew(): void {
    if (this.#binding === undefined) return;
    const seenAt = this.#options.clock.wallNow();
    this.#binding = { ...this.#binding, seenAt };
    this.#renewalAt = renewalAt(this.#binding);
    this.#ledger.bind(this.#binding);
  }

  #keep(): Promise<void> | undefined {
    if (this.#fault !== undefined && this.#appending === undefined) {
      this.#refuseAtOnce(this.#fault);
    }
    this.#record();
    return this.#appendRecorded();
  }

  #appendRecorded(): Promise<void> | undefined {
    if (this.#appending !== undefined) {
      return this.#appending.then(() => this.#appendRecorded());
    }
    if (!this.#ledger.hasChanges) return undefined;
    return this.#append(this.#ledger.take());
  }

  #repair(): Promise<void> | undefined {
    this.#record();
    return this.#append(lastOfEach([...this.#unkept, ...this.#ledger.take()]));
  }

  #record(): void {
    const records = this.#session.takeRecords();
    if (records.length === 0) return;
    const last = records.findLast(({ type }) => type === "accepted");
    if (last?.type === "accepted") this.#recordedTo = last.order;
    this.#ledger.record(records, this.#wallAhead);
  }

  #append(changes: readonly StoreChange[]): Promise<void> | undefined {
    const recordedTo = this.#recordedTo;
    let appending: void | Promise<void>;
    try {
      appending = this.#store.append(changes);
    } catch (error) {
      return this.#fail(changes, error);
    }
    if (appending === undefined) return this.#kept(recordedTo);
    return this.#appending = appending.then(
      () => this.#kept(recordedTo),
      (error) => this.#fail(changes, error),
    );
  }

  #kept(recordedTo: number): undefined {
    this.#appending = undefined;
    this.#fault = undefined;
    this.#unkept = [];
    this.#keptTo = recordedTo;
    this.#ledger.kept();
  }

  /** What the append was to keep may be kept in part, so that it comes again before anything else does. */
  #fail(changes: readonly StoreChange[], cause: unknown): never {
    this.#appending = undefined;
    // The values stand in a buffer that the ledger goes on with.
    this.#unkept = changes.map(({ key, value }) => ({
      key,
      value: value?.slice(),
    }));
    this.#fault = storeError("write to the store", cause);
    this.#refuse(this.#fault);
    throw this.#fault;
  }

  /** The store fails, and has seen nothing of what was accepted since: that leaves nothing for it to do. */
  #refuseAtOnce(fault: StoreError): never {
    this.#refuse(fault);
    const records = this.#session.takeRecords().filter((record) =>
      "order" in record
        ? record.order <= this.#recordedTo
        : record.type !== "checkpoint"
    );
    this.#ledger.record(records, this.#wallAhead);
    throw fault;
  }

  /** No byte has left of what was accepted and is not kept. */
  #refuse(fault: StoreError): void {
    const { keeping } = this.#session;
    keeping.refuseAfter(this.#keptTo, fault);
    this.#ledger.revoke();
    // Whoever is refused leaves a record.
    if (keeping.hasRecords) this.#options.onRefused();
  }
}

/** For promises whose failure was told in another way. */
const told = () => {};

function storeError(what: string, error: unknown): StoreError {
  if (error instanceof StoreError) return error;
  const why = error instanceof Error ? error.message : String(error);
  return new StoreError(`Cannot ${what}: ${why}`, {
    fault: "failed",
    cause: error,
  });
}

/** Of several changes of one key the last holds, in its place among the others. */
function lastOfEach(changes: readonly StoreChange[]): StoreChange[] {
  const byKey = new Map<number, StoreChange>();
  for (const change of changes) {
    byKey.delete(change.key);
    byKey.set(change.key, change);
  }
  return [...byKey.values()];
}

/** How long the server keeps the session without a connection (3.1.2.11.2, 3.2.2.3.2); under MQTT 3.x Clean Session says it. */
function expiryInterval(connect: ConnectPacket, connack: ConnackPacket) {
  if (connack.protocolVersion < 5) {
    return connect.cleanStart ? 0 : NEVER_EXPIRES;
  }
  return connack.properties.sessionExpiryInterval ??
    connect.properties.sessionExpiryInterval ?? 0;
}

function describe(
  stored: StoredSession,
  damages: readonly StoreDamage[],
): Restored {
  const { session, binding, isElsewhere, unknown, lost, checkpoint } = stored;
  return {
    clientId: binding?.clientId,
    server: binding?.server,
    isElsewhere,
    queued: session.queue.length,
    published: session.published.length,
    released: session.released.length,
    owned: session.owned.length,
    unknown: unknown.map(({ topicName, payload, qos, retain, properties }) => ({
      topic: topicName,
      payload,
      qos,
      retain,
      properties,
    })),
    lost,
    checkpoint,
    damages,
  };
}
