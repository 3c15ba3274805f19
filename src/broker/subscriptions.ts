/**
 * All subscriptions, by session and by what they match.
 *
 * @module
 */
import { TopicTrie } from "../topic/trie.ts";
import { Route } from "./route.ts";
import type { BrokerSession } from "./session.ts";
import { ShareGroup } from "./share_group.ts";
import type { Subscription } from "./subscription.ts";

/**
 * So many targets are remembered in routes, at some 100 bytes each; beyond it all routes are forgotten.
 */
const TARGETS_MAX = 50_000;

/** A Topic Name with more characters has its route found anew: to remember it is not worth its memory. */
const REMEMBERED_MAX = 256;

const NONE: ReadonlyMap<string, Subscription> = new Map();

/** Whether a Topic Filter is that of a shared subscription. */
export function isShared(topicFilter: string): boolean {
  return topicFilter.startsWith("$share/");
}

/** Files subscriptions, and finds them by Topic Name. */
export class Subscriptions {
  readonly #trie = new TopicTrie<Subscription | ShareGroup>();
  readonly #bySession = new Map<BrokerSession, Map<string, Subscription>>();
  readonly #groups = new Map<string, ShareGroup>();
  readonly #routes = new Map<string, Route>();
  #targets = 0;
  #size = 0;

  /** How many there are. */
  get size(): number {
    return this.#size;
  }

  /** Those of a session, by Topic Filter, in the order in which they were first made. */
  of(session: BrokerSession): ReadonlyMap<string, Subscription> {
    return this.#bySession.get(session) ?? NONE;
  }

  /** The shared subscription of a Topic Filter. */
  group(topicFilter: string): ShareGroup | undefined {
    return this.#groups.get(topicFilter);
  }

  /** Makes a subscription. One with the same Topic Filter is replaced [MQTT-3.8.4-3]: then it is returned. */
  add(subscription: Subscription): Subscription | undefined {
    const { session, topicFilter } = subscription;
    let own = this.#bySession.get(session);
    if (own === undefined) this.#bySession.set(session, own = new Map());
    const replaced = own.get(topicFilter);
    if (replaced !== undefined) this.#unfile(replaced);
    else this.#size++;
    own.set(topicFilter, subscription);
    this.#file(subscription);
    return replaced;
  }

  /** Ends a subscription; false where there is none. */
  delete(session: BrokerSession, topicFilter: string): boolean {
    const own = this.#bySession.get(session);
    const subscription = own?.get(topicFilter);
    if (own === undefined || subscription === undefined) return false;
    own.delete(topicFilter);
    if (own.size === 0) this.#bySession.delete(session);
    this.#size--;
    this.#unfile(subscription);
    return true;
  }

  /** Ends all subscriptions of a session. */
  deleteAll(session: BrokerSession): void {
    for (const topicFilter of [...this.of(session).keys()]) {
      this.delete(session, topicFilter);
    }
  }

  /** Who gets what is published to a Topic Name. */
  route(topicName: string): Route {
    const known = this.#routes.get(topicName);
    if (known !== undefined) return known;
    const route = new Route(this.#trie.match(topicName));
    if (topicName.length > REMEMBERED_MAX) return route;
    this.#targets += 1 + route.targets.length;
    if (this.#targets > TARGETS_MAX) this.#forgetRoutes();
    this.#routes.set(topicName, route);
    return route;
  }

  #forgetRoutes(): void {
    this.#routes.clear();
    this.#targets = 0;
  }

  #file(subscription: Subscription): void {
    const { topicFilter } = subscription;
    this.#forgetRoutes();
    if (!isShared(topicFilter)) {
      return this.#trie.add(topicFilter, subscription);
    }
    let group = this.#groups.get(topicFilter);
    if (group === undefined) {
      group = new ShareGroup(topicFilter);
      this.#groups.set(topicFilter, group);
      this.#trie.add(topicFilter, group);
    }
    group.add(subscription);
  }

  #unfile(subscription: Subscription): void {
    const { topicFilter } = subscription;
    this.#forgetRoutes();
    const group = this.#groups.get(topicFilter);
    if (group === undefined) {
      this.#trie.delete(topicFilter, subscription);
      return;
    }
    group.delete(subscription);
    if (!group.isEmpty) return;
    this.#groups.delete(topicFilter);
    this.#trie.delete(topicFilter, group);
  }
}
