/**
 * The Topic Aliases that we use ourselves on one connection (3.3.2.3.4). They are chosen as bytes are written:
 * nothing that outlives the connection knows of them.
 *
 * @module
 */
import type { TopicAlias } from "../codec/publish.ts";

/** Below this many characters a Topic Name takes hardly more bytes than its alias, which takes three. */
const WORTHWHILE = 4;

/** We use no more aliases than this, and none for longer Topic Names: both are kept for the connection, and 4 MiB are enough. */
const ALIASES_MAX = 1_024;
const TOPIC_NAME_MAX = 4_096;

/** Gives Topic Names aliases; where there are no more, that of the name which was not used for the longest time. */
export class OutgoingAliases {
  #max: number;
  /** A Map remembers the order of insertion: the name that was used last stands last. */
  readonly #aliases = new Map<string, number>();
  /** What is found: one object for all, since there is one for each message. */
  readonly #found = { alias: 0, isKnown: false };
  #latest = "";

  /** Makes the aliases of a connection; `max` is the server's Topic Alias Maximum. */
  constructor(max: number) {
    this.#max = Math.min(max, ALIASES_MAX);
  }

  /** The alias to send a Topic Name with; undefined where it is sent without. Valid until the next call. */
  find(topicName: string): TopicAlias | undefined {
    if (this.#max === 0) return undefined;
    const { length } = topicName;
    if (length < WORTHWHILE || length > TOPIC_NAME_MAX) return undefined;
    const found = this.#found;
    if (topicName === this.#latest) {
      found.isKnown = true;
      return found;
    }
    // What is found from here on is another name's, whether or not its packet can be written.
    this.#latest = "";
    const known = this.#aliases.get(topicName);
    found.isKnown = known !== undefined;
    found.alias = known ?? this.#next();
    return found;
  }

  /** The packet with the alias found last was written: from now on the server knows it. */
  wrote(topicName: string): void {
    if (topicName === this.#latest) return;
    this.#latest = topicName;
    const { alias, isKnown } = this.#found;
    if (isKnown) this.#aliases.delete(topicName);
    else if (this.#aliases.size === this.#max) this.#dropOldest();
    this.#aliases.set(topicName, alias);
  }

  /** The program gives aliases of its own: ours would get in their way, and are used no more. */
  yield(): void {
    this.#max = 0;
  }

  #next(): number {
    if (this.#aliases.size < this.#max) return this.#aliases.size + 1;
    const [oldest = 1] = this.#aliases.values();
    return oldest;
  }

  #dropOldest(): void {
    const [oldest] = this.#aliases.keys();
    if (oldest !== undefined) this.#aliases.delete(oldest);
  }
}
