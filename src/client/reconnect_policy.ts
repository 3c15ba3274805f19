/**
 * Whether another connection is tried for when one was lost or could not be had, and when.
 *
 * This file reads no clock and waits for nothing: times, and chance, come in.
 *
 * @module
 */
import { ReasonCode } from "../codec/reason_code.ts";
import { type ConnectionLostError, ProtocolError } from "../errors.ts";
import type { FailedAttempt } from "./connect_fault.ts";
import type { ReconnectSettings } from "./reconnect_options.ts";
import type { Redirection } from "./servers.ts";

/** A loss this soon after CONNACK is no accident where it goes on: two clients with one id, say, that take turns. */
const SHORT_LIFE_MS = 5_000;

/** So many short lives in a row are told. */
const FLAPS = 3;

/** So many broken rules with no message acknowledged between: it is one message that comes, or goes, again and again. */
const BREACHES_MAX = 3;

/** So many times in a row we are sent elsewhere: two servers that send us to each other would go on for ever. */
const REDIRECTIONS_MAX = 5;

/** From 1 ms on it is more than a year by then, and an `initialMs` of 0 stays one: infinitely many times 0 is no number. */
const DOUBLINGS_MAX = 35;

/** What the policy is made from. */
export interface ReconnectPolicyOptions {
  /** Undefined where the client is not to come back. */
  readonly reconnect: ReconnectSettings | undefined;
  /** From 0 to 1, by chance. */
  readonly random: () => number;
  /** How many attempts it takes to have tried all servers. */
  readonly serverCount: number;
  /** Whether functions are asked anew at each attempt who we are. */
  readonly asksIdentity: boolean;
  /** Has the next attempt go where a server sends us. False where that cannot be. */
  readonly follow: (reference: string, how: Redirection) => boolean;
}

/** What is to be done. */
export type Verdict = { readonly type: "end" } | Retry;

/** Another attempt is to be made. */
export interface Retry {
  readonly type: "retry";
  /** The number of the attempt, counted from a connection that lasted. */
  readonly attempt: number;
  /** How long to wait before it. */
  readonly inMs: number;
}

/** What a fault says of the next attempt. */
type Meaning = "final" | "wait" | "identity" | "breach" | Redirection;

const END: Verdict = { type: "end" };

/** Decides from what has ended, and from what went before it. */
export class ReconnectPolicy {
  readonly #options: ReconnectPolicyOptions;
  // since a connection that lasted
  #since: number;
  #attempts = 0;
  #redirections = 0;
  #breaches = 0;
  #shortLives = 0;
  // since CONNACK has accepted
  #refusals = 0;
  #acceptedAt: number | undefined;
  #hasAcknowledged = false;

  /** Makes the policy of a client whose first attempt begins. */
  constructor(options: ReconnectPolicyOptions, now: number) {
    this.#options = options;
    this.#since = now;
  }

  /** Whether the connection that was lost last is one of several in a row that ended soon after they were accepted. */
  get isFlapping(): boolean {
    return this.#shortLives > 0 && this.#shortLives % FLAPS === 0;
  }

  /** CONNACK has accepted. */
  accepted(now: number): void {
    this.#acceptedAt = now;
    this.#hasAcknowledged = false;
    this.#refusals = 0;
  }

  /** A message was acknowledged, in either direction. */
  acknowledged(): void {
    this.#hasAcknowledged = true;
  }

  /** A connection that was accepted is gone. */
  lost(error: ConnectionLostError, now: number): Verdict {
    const { reconnect } = this.#options;
    if (reconnect === undefined) return END;
    const livedMs = now - (this.#acceptedAt ?? now);
    const hasLived = livedMs >= SHORT_LIFE_MS;
    this.#shortLives = hasLived ? 0 : this.#shortLives + 1;
    if (this.#hasAcknowledged) this.#breaches = 0;
    // Who publishes and subscribes at QoS 0 alone never sees anything acknowledged: a long life will do.
    const isLong = livedMs >= Math.max(reconnect.maxMs, SHORT_LIFE_MS);
    if (isLong || hasLived && this.#hasAcknowledged) this.#startAnew();
    if (this.#attempts === 0) this.#since = now;
    return this.#judge(lossMeaning(error), error.serverReference, now);
  }

  /** There was no connection. */
  failed(failed: FailedAttempt, now: number): Verdict {
    const { serverReference } = failed.error;
    const meaning = failureMeaning(failed);
    const { reconnect, serverCount } = this.#options;
    const isFirst = this.#acceptedAt === undefined;
    if (isFirst && this.#attempts + 1 < serverCount) return this.#retry(0);
    if (!isFirst || reconnect?.retryFirst) {
      return this.#judge(meaning, serverReference, now);
    }
    return this.#follows(meaning, serverReference) ? this.#retry(0) : END;
  }

  #startAnew(): void {
    this.#attempts = 0;
    this.#redirections = 0;
    this.#breaches = 0;
  }

  #judge(
    meaning: Meaning,
    serverReference: string | undefined,
    now: number,
  ): Verdict {
    const { reconnect, serverCount, asksIdentity } = this.#options;
    if (this.#follows(meaning, serverReference)) return this.#retry(0);
    switch (meaning) {
      case "final":
        return END;
      case "for good":
        if (serverCount === 1) return END;
        break;
      case "identity": {
        const isChangeable = this.#acceptedAt !== undefined || asksIdentity;
        const max = isChangeable ? reconnect?.authAttempts ?? 1 : 1;
        if (++this.#refusals >= max) return END;
        break;
      }
      case "breach":
        if (++this.#breaches >= BREACHES_MAX) return END;
        break;
    }
    return this.#wait(now);
  }

  #follows(meaning: Meaning, serverReference: string | undefined): boolean {
    const { reconnect, follow } = this.#options;
    if (!reconnect?.followServerReference || serverReference === undefined) {
      return false;
    }
    if (meaning !== "once" && meaning !== "for good") return false;
    if (this.#redirections >= REDIRECTIONS_MAX) return false;
    this.#redirections++;
    return follow(serverReference, meaning);
  }

  /** Full jitter: clients that were lost together come back one by one. */
  #wait(now: number): Verdict {
    const { reconnect, random } = this.#options;
    if (reconnect === undefined) return END;
    const { initialMs, maxMs, attempts, totalMs } = reconnect;
    const leftMs = this.#since + totalMs - now;
    if (this.#attempts >= attempts || leftMs <= 0) return END;
    const doubled = Math.min(this.#attempts, DOUBLINGS_MAX);
    const boundMs = Math.min(initialMs * 2 ** doubled, maxMs);
    return this.#retry(Math.min(random() * boundMs, leftMs));
  }

  #retry(inMs: number): Retry {
    return { type: "retry", attempt: ++this.#attempts, inMs };
  }
}

/** What CONNACK's refusals mean; those that are not here refuse what will be no other next time. */
const REFUSALS: ReadonlyMap<number, Meaning> = new Map<number, Meaning>([
  // Return codes of MQTT 3.x: the server is unavailable, the password is wrong, we are not authorized.
  [3, "wait"],
  [4, "identity"],
  [5, "identity"],
  [ReasonCode.unspecifiedError, "wait"],
  [ReasonCode.implementationSpecificError, "wait"],
  [ReasonCode.badUserNameOrPassword, "identity"],
  [ReasonCode.notAuthorized, "identity"],
  [ReasonCode.serverUnavailable, "wait"],
  [ReasonCode.serverBusy, "wait"],
  [ReasonCode.quotaExceeded, "wait"],
  [ReasonCode.connectionRateExceeded, "wait"],
  [ReasonCode.useAnotherServer, "once"],
  [ReasonCode.serverMoved, "for good"],
]);

/** What a server's DISCONNECT means; after those that are not here another connection may do. */
const ENDINGS: ReadonlyMap<number, Meaning> = new Map<number, Meaning>([
  // Two clients with one id must not fight for it for ever.
  [ReasonCode.sessionTakenOver, "final"],
  [ReasonCode.useAnotherServer, "once"],
  [ReasonCode.serverMoved, "for good"],
  // What the server will not have of us may be a message that is sent again each time.
  [ReasonCode.malformedPacket, "breach"],
  [ReasonCode.protocolError, "breach"],
  [ReasonCode.notAuthorized, "breach"],
  [ReasonCode.topicFilterInvalid, "breach"],
  [ReasonCode.topicNameInvalid, "breach"],
  [ReasonCode.receiveMaximumExceeded, "breach"],
  [ReasonCode.topicAliasInvalid, "breach"],
  [ReasonCode.packetTooLarge, "breach"],
  [ReasonCode.payloadFormatInvalid, "breach"],
  [ReasonCode.retainNotSupported, "breach"],
  [ReasonCode.qosNotSupported, "breach"],
  [ReasonCode.sharedSubscriptionsNotSupported, "breach"],
  [ReasonCode.subscriptionIdentifiersNotSupported, "breach"],
  [ReasonCode.wildcardSubscriptionsNotSupported, "breach"],
]);

function failureMeaning({ error, isFinal }: FailedAttempt): Meaning {
  if (isFinal) return "final";
  if (error.cause instanceof ProtocolError) return "breach";
  if (error.reasonCode === undefined) return "wait";
  return REFUSALS.get(error.reasonCode) ?? "final";
}

function lossMeaning({ cause, reasonCode }: ConnectionLostError): Meaning {
  if (cause instanceof ProtocolError) return "breach";
  return ENDINGS.get(reasonCode ?? 0) ?? "wait";
}
