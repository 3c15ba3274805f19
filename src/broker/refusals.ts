/**
 * Refusals that are asked for one by one: they stand before the hooks.
 *
 * @module
 */
import { isReasonCode } from "../codec/reason_code.ts";
import {
  type BrokerHooks,
  type Login,
  type PublishRequest,
  questionsOf,
  type SubscribeRequest,
} from "./hooks.ts";
import type { BrokerQuestions } from "./settings.ts";

/** What a client can be refused. */
export type RefusedAction = "connect" | "publish" | "subscribe";

/** Who is refused, and how often. */
export interface RefusalOptions {
  /** This client alone; left out, whoever comes next. */
  readonly clientId?: string;
  /** This Topic Name or Topic Filter alone; left out, any. */
  readonly topic?: string;
  /** How many times; 1 by default, Infinity for ever. */
  readonly times?: number;
}

interface Refusal {
  readonly action: RefusedAction;
  readonly reasonCode: number;
  readonly options: RefusalOptions;
  left: number;
}

/** The packet that says it. PUBREC has the Reason Codes of PUBACK. */
const ANSWERS = {
  connect: "connack",
  publish: "puback",
  subscribe: "suback",
} as const;

/** Keeps refusals until they have been said. */
export class Refusals {
  readonly #refusals = new Set<Refusal>();

  /** Refuses what comes next. Throws a RangeError for a Reason Code that does not refuse it. */
  add(
    action: RefusedAction,
    reasonCode: number,
    options: RefusalOptions = {},
  ): void {
    const { times: left = 1 } = options;
    if (reasonCode < 0x80 || !isReasonCode(reasonCode, ANSWERS[action])) {
      throw new RangeError(
        `Cannot refuse to ${action}: ${
          ANSWERS[action].toUpperCase()
        } has no Reason Code ${reasonCode} that refuses`,
      );
    }
    if (left !== Infinity && (!Number.isInteger(left) || left < 1)) {
      throw new RangeError(
        `Cannot refuse to ${action}: times must be a whole number from 1 on`,
      );
    }
    this.#refusals.add({ action, reasonCode, options, left });
  }

  /** Takes all back. */
  clear(): void {
    this.#refusals.clear();
  }

  /** The hooks with the refusals before them. */
  before(hooks: BrokerHooks): BrokerHooks {
    return {
      ...hooks,
      authenticate: (login) =>
        this.#take("connect", login) ??
          (hooks.authenticate === undefined || hooks.authenticate(login)),
      authorize: (request) =>
        this.#take(request.action, request) ??
          (hooks.authorize === undefined || hooks.authorize(request)),
    };
  }

  /** What is to be asked for the hooks, and from time to time for the refusals: looked at each time. */
  questionsFor(hooks: BrokerHooks): BrokerQuestions {
    const has = (action: RefusedAction) => this.#has(action);
    const asked = questionsOf(hooks);
    return {
      ...asked,
      get connect() {
        return asked.connect || has("connect");
      },
      get publish() {
        return asked.publish || has("publish");
      },
      get subscribe() {
        return asked.subscribe || has("subscribe");
      },
    };
  }

  #has(action: RefusedAction): boolean {
    for (const refusal of this.#refusals) {
      if (refusal.action === action) return true;
    }
    return false;
  }

  /** The Reason Code of the first that fits. */
  #take(
    action: RefusedAction,
    request: Login | PublishRequest | SubscribeRequest,
  ): number | undefined {
    if (!isAnswered(request)) return undefined;
    const asked = "topic" in request ? request.topic : undefined;
    for (const refusal of this.#refusals) {
      const { clientId = request.clientId, topic = asked } = refusal.options;
      const fits = refusal.action === action &&
        clientId === request.clientId && topic === asked;
      if (!fits) continue;
      if (--refusal.left === 0) this.#refusals.delete(refusal);
      return refusal.reasonCode;
    }
    return undefined;
  }
}

/** Whether a refusal would be said: to a will, and to a message of QoS 0, there is no answer. */
function isAnswered(
  request: Login | PublishRequest | SubscribeRequest,
): boolean {
  return !("isWill" in request) || !request.isWill && request.qos > 0;
}
