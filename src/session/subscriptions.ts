/**
 * The Topic Filters that the server has granted: what it is asked for again where it has lost the session.
 *
 * @module
 */
import type { Properties, SubackPacket } from "../codec/packet.ts";
import { ReasonCode } from "../codec/reason_code.ts";
import { SubscribeError } from "../errors.ts";
import type { Doors } from "./doors.ts";
import {
  checkRequest,
  type IdentifiedRequest,
  isIdentified,
  type RequestPacket,
  type SubscribeRequest,
} from "./request_packet.ts";
import { checkFilters, refusal, unaskable } from "./subscribe_fault.ts";

/** A Topic Filter that was granted. */
interface Held {
  /** The filter and its options, as they were asked for last. */
  readonly subscription: IdentifiedRequest;
  /** What its SUBSCRIBE carried. */
  readonly properties: Properties;
  /** The number under which it was asked for. */
  readonly order: number;
  /** Whether the present session of the server has it. */
  isConfirmed: boolean;
}

/** A SUBSCRIBE that asks again for what was granted: nobody waits for its answer. */
export interface SubscribeAgain {
  readonly packet: RequestPacket;
  readonly held: readonly Held[];
}

/** Knows what the server has, or should have. */
export class Subscriptions<Request> {
  readonly #doors: Doors<Request>;
  readonly #held = new Map<string, Held>();

  /** Makes the subscriptions of a session: none. */
  constructor(doors: Doors<Request>) {
    this.#doors = doors;
  }

  /** How many Topic Filters there are. */
  get size(): number {
    return this.#held.size;
  }

  /** SUBACK has answered the SUBSCRIBE of this number. */
  grant(
    { subscriptions, properties }: SubscribeRequest,
    { reasonCodes }: SubackPacket,
    order: number,
  ): void {
    for (const [index, subscription] of subscriptions.entries()) {
      if ((reasonCodes[index] ?? 0x80) >= 0x80) continue;
      // The answer to one that was asked for later may have come sooner.
      const { order: last = 0 } = this.#held.get(subscription.topicFilter) ??
        {};
      if (last > order) continue;
      const held = { subscription, properties, order, isConfirmed: true };
      this.#held.set(subscription.topicFilter, held);
    }
  }

  /** Filters are left by the UNSUBSCRIBE of this number: they are not asked for again, unless they were joined since. */
  leave(topicFilters: readonly string[], order: number): void {
    for (const topicFilter of topicFilters) {
      const held = this.#held.get(topicFilter);
      if (held !== undefined && held.order < order) {
        this.#held.delete(topicFilter);
      }
    }
  }

  /** The server has lost them all. */
  lost(): void {
    for (const held of this.#held.values()) held.isConfirmed = false;
  }

  /**
   * What the server is to be asked for again. Properties belong to a SUBSCRIBE and not to a filter, the
   * Subscription Identifier among them: filters that have the same go together. Retained messages are
   * asked for as they were: what was retained while nobody listened is news.
   */
  missing(): SubscribeAgain[] {
    const groups = new Map<string, Held[]>();
    for (const held of this.#held.values()) {
      if (held.isConfirmed || !this.#isAskable(held)) continue;
      const key = this.#propertiesOf(held);
      const group = groups.get(key);
      if (group === undefined) groups.set(key, [held]);
      else group.push(held);
    }
    return [...groups.values()].flatMap((held) => this.#ask(held));
  }

  /** SUBACK has answered what was asked for again. */
  answer({ held }: SubscribeAgain, packet: SubackPacket): void {
    for (const [index, each] of held.entries()) {
      const reasonCodes = packet.reasonCodes.slice(index, index + 1);
      this.#onAnswer(each, { ...packet, reasonCodes });
    }
  }

  /** What its SUBSCRIBE carries, for comparison. One with an identifier of its own has a packet of its own (see `checkRequest`). */
  #propertiesOf({ subscription, properties }: Held): string {
    const asked = { subscriptions: [subscription], properties };
    const { topicFilter } = subscription;
    return JSON.stringify(
      isIdentified(this.#doors, asked) ? [properties, topicFilter] : properties,
    );
  }

  #onAnswer(held: Held, packet: SubackPacket): void {
    const { topicFilter } = held.subscription;
    const [reasonCode = 0x80] = packet.reasonCodes;
    if (reasonCode >= 0x80) {
      const what = `subscribe to "${topicFilter}" again`;
      return this.#drop(
        held,
        refusal(what, packet, this.#doors.protocolVersion),
      );
    }
    held.isConfirmed = true;
    const error = undefined;
    this.#tell({ topicFilter, reasonCode, error });
  }

  /** All in one packet, or in as few as the server's Maximum Packet Size lets it be. */
  #ask(held: readonly Held[]): SubscribeAgain[] {
    const [first] = held;
    if (first === undefined) return [];
    try {
      const packets = checkRequest(this.#doors, {
        type: "subscribe",
        subscriptions: held.map(({ subscription }) => subscription),
        properties: first.properties,
      });
      return packets.map((packet) => ({ packet, held }));
    } catch (error) {
      if (held.length === 1) {
        this.#drop(first, error);
        return [];
      }
      const half = held.length >> 1;
      return [
        ...this.#ask(held.slice(0, half)),
        ...this.#ask(held.slice(half)),
      ];
    }
  }

  /** Whether this server takes such a filter: one that it does not take keeps no other from being asked for. */
  #isAskable(held: Held): boolean {
    const { subscription: { topicFilter }, properties } = held;
    try {
      checkFilters(this.#doors.limits, [topicFilter], properties);
      return true;
    } catch (error) {
      this.#drop(held, error);
      return false;
    }
  }

  /** The server has a filter no more, and will not have it again. */
  #drop(held: Held, cause: unknown): void {
    const { topicFilter } = held.subscription;
    // It was left, or asked for otherwise, since.
    if (this.#held.get(topicFilter) !== held) return;
    this.#held.delete(topicFilter);
    const error = cause instanceof SubscribeError ? cause : unaskable(
      [topicFilter],
      cause instanceof Error ? cause.message : String(cause),
      ReasonCode.implementationSpecificError,
      cause,
    );
    const { reasonCode } = error;
    this.#tell({ topicFilter, reasonCode, error });
  }

  #tell(
    told: {
      topicFilter: string;
      reasonCode: number;
      error: SubscribeError | undefined;
    },
  ): void {
    this.#doors.events.push({ type: "resubscribed", ...told });
  }
}
