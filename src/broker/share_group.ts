/**
 * A shared subscription: each message goes to one of its clients (4.8.2).
 *
 * @module
 */
import type { QoS } from "../codec/packet.ts";
import type { Subscription } from "./subscription.ts";

/** Those who have subscribed with the same ShareName to the same Topic Filter. */
export class ShareGroup {
  /** The whole Topic Filter, `$share/` and all. */
  readonly topicFilter: string;
  readonly #members: Subscription[] = [];
  /** Whose turn it is. */
  #turn = 0;

  /** Makes a group without members. */
  constructor(topicFilter: string) {
    this.topicFilter = topicFilter;
  }

  /** Whether nobody is left. */
  get isEmpty(): boolean {
    return this.#members.length === 0;
  }

  /** Adds a member. */
  add(subscription: Subscription): void {
    this.#members.push(subscription);
  }

  /** Removes a member; the turn stays with whom it was. */
  delete(subscription: Subscription): void {
    const index = this.#members.indexOf(subscription);
    if (index === -1) return;
    this.#members.splice(index, 1);
    if (index < this.#turn) this.#turn--;
  }

  /**
   * Whose turn it is: the next one who is connected and has space. Where there is none such, what is not
   * QoS 0 waits with one who is away, if he has space, and otherwise goes to the next one all the same.
   */
  next(qos: QoS): Subscription | undefined {
    return this.#find(isThere) ??
      (qos === 0 ? undefined : this.#find(mayWait)) ??
      this.#find(isConnected) ??
      this.#find(isAnybody);
  }

  #find(
    fits: (subscription: Subscription) => boolean,
  ): Subscription | undefined {
    const members = this.#members;
    for (let step = 0; step < members.length; step++) {
      const index = (this.#turn + step) % members.length;
      const member = members[index];
      if (member === undefined || !fits(member)) continue;
      this.#turn = index + 1;
      return member;
    }
    return undefined;
  }
}

function isThere(subscription: Subscription): boolean {
  return isConnected(subscription) && hasSpace(subscription);
}

function isConnected({ session }: Subscription): boolean {
  return session.client !== undefined;
}

function mayWait(subscription: Subscription): boolean {
  return subscription.qos > 0 && hasSpace(subscription);
}

function hasSpace({ session }: Subscription): boolean {
  return !session.outgoing.isFull;
}

function isAnybody(): boolean {
  return true;
}
