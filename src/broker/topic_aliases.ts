/**
 * The Topic Aliases of one connection (3.3.2.3.4): those that the client uses, and those that the broker
 * uses itself.
 *
 * @module
 */
import type { PublishPacket } from "../codec/packet.ts";
import { aliasTooHigh, aliasUnknown } from "./misconduct.ts";

/** Below this many characters a Topic Name takes no more bytes than its alias. */
const WORTHWHILE = 4;

/** Knows which Topic Name each alias of the client stands for. */
export class IncomingAliases {
  readonly #max: number;
  readonly #topicNames = new Map<number, string>();

  /** Makes the aliases of a connection; `max` is the Topic Alias Maximum of its CONNACK. */
  constructor(max: number) {
    this.#max = max;
  }

  /** The Topic Name of a PUBLISH; its alias, if any, is learnt or looked up. Throws a ProtocolError. */
  resolve({ topicName, properties }: PublishPacket): string {
    const alias = properties.topicAlias;
    if (alias === undefined) return topicName;
    if (alias > this.#max) throw aliasTooHigh(alias, this.#max);
    if (topicName !== "") {
      this.#topicNames.set(alias, topicName);
      return topicName;
    }
    const known = this.#topicNames.get(alias);
    if (known === undefined) throw aliasUnknown(alias);
    return known;
  }
}

/** An alias for a Topic Name, and whether the client knows it already. */
export interface OutgoingAlias {
  /** 1 to the client's Topic Alias Maximum. */
  readonly alias: number;
  /** Whether it stands for the Topic Name already: then the name is left out. */
  readonly isKnown: boolean;
}

/** Gives Topic Names aliases; where there are no more, that of the name that was not used for the longest time. */
export class OutgoingAliases {
  readonly #max: number;
  /** A Map remembers the order of insertion: the name that was used last stands last. */
  readonly #aliases = new Map<string, number>();

  /** Makes the aliases of a connection; `max` is the Topic Alias Maximum of its CONNECT, or less. */
  constructor(max: number) {
    this.#max = max;
  }

  /** The alias to send a Topic Name with; undefined where it is sent without. `sent` must follow. */
  find(topicName: string): OutgoingAlias | undefined {
    if (this.#max === 0 || topicName.length < WORTHWHILE) return undefined;
    const known = this.#aliases.get(topicName);
    if (known !== undefined) return { alias: known, isKnown: true };
    if (this.#aliases.size < this.#max) {
      return { alias: this.#aliases.size + 1, isKnown: false };
    }
    const [oldest = 1] = this.#aliases.values();
    return { alias: oldest, isKnown: false };
  }

  /** The Topic Name was sent with this alias: from now on the client knows it. */
  sent(topicName: string, { alias, isKnown }: OutgoingAlias): void {
    if (isKnown) this.#aliases.delete(topicName);
    else if (this.#aliases.size === this.#max) {
      const [oldest] = this.#aliases.keys();
      if (oldest !== undefined) this.#aliases.delete(oldest);
    }
    this.#aliases.set(topicName, alias);
  }
}
