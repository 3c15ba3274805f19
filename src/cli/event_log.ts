/**
 * What `midge broker` prints: a line for each thing that happens. Topics and names are hostile, and a reader of
 * the output that pauses costs the broker neither time nor memory.
 *
 * @module
 */
import type { BrokerEvent } from "../../testing.ts";
import { Output } from "./output.ts";
import { escapeLine } from "./terminal.ts";

const VERSIONS = { 3: "3.1", 4: "3.1.1", 5: "5" } as const;

/** Below this a Reason Code is a success. */
const FAILURE_MIN = 0x80;

/** Prints lines. */
export class EventLog {
  readonly #output = new Output(Deno.stdout);
  #left = 0;

  /** Rejects when the output has failed. */
  get failed(): Promise<never> {
    return this.#output.failed;
  }

  /** Prints what has happened. */
  event(event: BrokerEvent): void {
    this.line(eventLine(event));
  }

  /** Prints a line; above what may wait for the reader, lines are left out, and that is told. */
  line(text: string): void {
    if (this.#output.isFull) {
      this.#left++;
      return;
    }
    if (this.#left > 0) this.#write(`(${this.#left} lines were left out)`);
    this.#left = 0;
    this.#write(text);
  }

  #write(text: string): void {
    this.#output.text(`${escapeLine(text)}\n`);
    this.#output.start();
  }
}

/** What has happened, in a line. */
export function eventLine(event: BrokerEvent): string {
  switch (event.type) {
    case "connected":
      return `${event.clientId} connected from ${event.peer}: ${
        [
          `MQTT ${VERSIONS[event.protocolVersion]}`,
          ...(event.username === undefined ? [] : [`user ${event.username}`]),
          event.sessionPresent ? "its session goes on" : "a new session",
        ].join(", ")
      }`;
    case "refused":
      return `${who(event.clientId, event.peer)} was refused: ${event.reason}`;
    case "disconnected":
      return `${event.clientId} disconnected: ${event.reason}`;
    case "session-ended":
      return `${event.clientId}: the session has ended`;
    case "subscribed":
      return event.reasonCode < FAILURE_MIN
        ? `${event.clientId} subscribed to ${event.topicFilter} at QoS ${event.reasonCode}`
        : `${event.clientId} may not subscribe to ${event.topicFilter} (${event.reasonCode})`;
    case "unsubscribed":
      return `${event.clientId} left ${event.topicFilter}`;
    case "message":
      return `${
        event.clientId ?? "the broker"
      } published to ${event.topicName}: ${
        [
          `QoS ${event.qos}`,
          ...(event.retain ? ["retained"] : []),
          event.payload.length === 1
            ? "1 byte"
            : `${event.payload.length} bytes`,
        ].join(", ")
      }`;
    case "publish-refused":
      return `${event.clientId} may not publish to ${event.topicName} (${event.reasonCode})`;
    case "dropped":
      return `a message to ${event.topicName} did not reach ${event.clientId}: ${event.cause}`;
  }
}

function who(clientId: string, peer: string): string {
  return clientId === "" ? peer : `${clientId} from ${peer}`;
}
