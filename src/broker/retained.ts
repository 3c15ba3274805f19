/**
 * The retained messages: the last one of each Topic Name (3.3.1.3).
 *
 * @module
 */
import { matchTopic } from "../topic/filter.ts";
import { Alarm } from "./alarms.ts";
import type { Doors } from "./doors.ts";
import type { Message } from "./message.ts";

interface Entry {
  readonly message: Message;
  readonly size: number;
  /** Its expiry, where it has one. */
  readonly alarm: Alarm | undefined;
}

/** Keeps retained messages, within limits, until they are replaced, deleted or expired. */
export class Retained {
  readonly #doors: Doors;
  readonly #entries = new Map<string, Entry>();
  #bytes = 0;

  /** Makes a place for retained messages that is empty. */
  constructor(doors: Doors) {
    this.#doors = doors;
  }

  /** How many there are. */
  get size(): number {
    return this.#entries.size;
  }

  /** How many bytes they hold. */
  get bytes(): number {
    return this.#bytes;
  }

  /** Whether there is space to store this message in place of the one before. */
  hasSpace(message: Message): boolean {
    if (message.payload.length === 0) return true;
    const { settings } = this.#doors;
    const former = this.#entries.get(message.topicName);
    const size = this.#bytes + message.keep() - (former?.size ?? 0);
    return size <= settings.retainedBytesMax &&
      (former !== undefined || this.size < settings.retainedMessagesMax);
  }

  /** Stores a message in place of the one before; one without a payload only deletes [MQTT-3.3.1-6]. */
  store(message: Message): void {
    const { topicName } = message;
    this.#delete(topicName);
    if (message.payload.length === 0) return;
    if (!this.hasSpace(message)) {
      return this.#doors.drop(message, message.clientId ?? "", "retained-full");
    }
    const size = message.keep();
    const alarm = this.#expiryOf(message);
    this.#entries.set(topicName, { message, size, alarm });
    this.#bytes += size;
  }

  /** Those whose Topic Name a Topic Filter matches, in the order in which they were stored. */
  match(topicFilter: string, now: number): Message[] {
    if (!/[+#]/.test(topicFilter)) {
      const entry = this.#entries.get(topicFilter);
      return entry !== undefined && isAlive(entry, now) ? [entry.message] : [];
    }
    const found: Message[] = [];
    for (const [topicName, entry] of this.#entries) {
      if (matchTopic(topicFilter, topicName) && isAlive(entry, now)) {
        found.push(entry.message);
      }
    }
    return found;
  }

  #expiryOf({ topicName, expiresAt }: Message): Alarm | undefined {
    if (expiresAt === Infinity) return undefined;
    const alarm = new Alarm(() => this.#delete(topicName));
    this.#doors.alarms.set(alarm, expiresAt);
    return alarm;
  }

  #delete(topicName: string): void {
    const entry = this.#entries.get(topicName);
    if (entry === undefined) return;
    if (entry.alarm !== undefined) this.#doors.alarms.clear(entry.alarm);
    this.#entries.delete(topicName);
    this.#bytes -= entry.size;
  }
}

function isAlive({ message }: Entry, now: number): boolean {
  return now < message.expiresAt;
}
