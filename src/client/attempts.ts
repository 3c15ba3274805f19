/**
 * The attempts of a client to have a connection, one after the other, as the policy says.
 *
 * @module
 */
import type { ProtocolVersion } from "../codec/packet.ts";
import { AbortedError, type ConnectionLostError } from "../errors.ts";
import type { FailedAttempt } from "./connect_fault.ts";
import { open, type TryVersion } from "./opening.ts";
import { ReconnectPolicy, type Retry } from "./reconnect_policy.ts";
import type { Settings } from "./settings.ts";
import type { StatusEvent } from "./status.ts";
import { describeChange } from "./trace.ts";

/** Who is told what comes of the attempts. */
export interface AttemptsOwner {
  /** Tries one version on a wire of its own. */
  readonly tryVersion: TryVersion;
  /** An attempt has brought a connection. */
  onOpened(): void;
  /** The next attempt waits: `dueAt` has come nearer. */
  onWaiting(): void;
  /** There will be no connection any more. */
  onGivenUp(error: unknown): void;
  /** Something that a program may want to know of. */
  onStatus(event: StatusEvent): void;
}

/** Makes the attempts. The timer is the owner's, who calls when one is due. */
export class Attempts {
  /** When the next one is due; Infinity where none waits. */
  dueAt = Infinity;
  readonly #settings: Settings;
  readonly #owner: AttemptsOwner;
  readonly #policy: ReconnectPolicy;
  #next = 0;
  /** Ends the attempt that is under way. */
  #abort: AbortController | undefined;
  #ended = false;

  /** Makes none yet. */
  constructor(settings: Settings, owner: AttemptsOwner) {
    this.#settings = settings;
    this.#owner = owner;
    const { approaches, clock, reconnect, random } = settings;
    this.#policy = new ReconnectPolicy({
      reconnect,
      random,
      serverCount: approaches.serverCount,
      asksIdentity: approaches.asksIdentity,
      follow: (reference, how) => approaches.follow(reference, how),
    }, clock.now());
  }

  /** Makes the attempt that is next. */
  begin(): void {
    this.dueAt = Infinity;
    void this.#try(this.#next);
  }

  /** The next attempt, if one waits, is due at once. */
  hurry(): void {
    if (this.dueAt < Infinity) this.dueAt = -Infinity;
  }

  /** Makes the attempt that is due. */
  wake(now: number): void {
    if (now >= this.dueAt) this.begin();
  }

  /** CONNACK has accepted. */
  accepted(
    clientId: string,
    protocolVersion: ProtocolVersion,
    now: number,
  ): void {
    this.#settings.approaches.accepted(clientId, protocolVersion);
    this.#policy.accepted(now);
  }

  /** A message was acknowledged, in either direction. */
  acknowledged(): void {
    this.#policy.acknowledged();
  }

  /** A connection that was accepted is gone. False where there will be no other. */
  lost(error: ConnectionLostError, now: number): boolean {
    const verdict = this.#policy.lost(error, now);
    if (verdict.type === "end") return false;
    const { attempt, inMs: retryInMs } = verdict;
    this.#tell({ type: "lost", error, attempt, retryInMs });
    if (this.#policy.isFlapping) this.#tell({ type: "flapping", error });
    this.#schedule(verdict, now);
    return true;
  }

  /** Gives up while nobody has a connection yet: the attempt that is under way, or the wait for the next. */
  abort(cause: unknown): void {
    if (this.#abort !== undefined) return this.#abort.abort(cause);
    this.#owner.onGivenUp(
      new AbortedError("Cannot connect: the signal was aborted", { cause }),
    );
  }

  /** There will be no further attempt, and one that is under way ends. */
  end(): void {
    this.#ended = true;
    this.dueAt = Infinity;
    this.#abort?.abort();
  }

  async #try(attempt: number): Promise<void> {
    if (this.#ended) return;
    const { approaches, clock, connectTimeoutMs } = this.#settings;
    const abort = this.#abort = new AbortController();
    let failed: FailedAttempt | undefined;
    try {
      failed = await open({
        approaches,
        clock,
        connectTimeoutMs,
        onApproach: ({ address }) =>
          this.#tell({ type: "connecting", attempt, address }),
        tryVersion: this.#owner.tryVersion,
      }, abort.signal);
    } catch (error) {
      return this.#owner.onGivenUp(error);
    } finally {
      // A connection may be lost, and another attempt begin, before this one is told of.
      if (this.#abort === abort) this.#abort = undefined;
    }
    // There was a connection, even if it is gone by now.
    if (failed === undefined) this.#owner.onOpened();
    else if (!this.#ended) this.#onFailed(failed);
  }

  #onFailed(failed: FailedAttempt): void {
    const { error } = failed;
    const now = this.#settings.clock.now();
    const verdict = this.#policy.failed(failed, now);
    if (verdict.type === "end") return this.#owner.onGivenUp(error);
    const { attempt, inMs: retryInMs } = verdict;
    this.#tell({ type: "retry-failed", error, attempt, retryInMs });
    this.#schedule(verdict, now);
  }

  #schedule({ attempt, inMs }: Retry, now: number): void {
    this.#next = attempt;
    // Attempts that fail at once, one behind the other, let the program have its turn, to end them say.
    if (inMs === 0) return this.#settings.clock.afterTurn(() => this.begin());
    this.dueAt = now + inMs;
    this.#owner.onWaiting();
  }

  #tell(event: StatusEvent): void {
    this.#settings.debug?.(describeChange(event));
    this.#owner.onStatus(event);
  }
}
