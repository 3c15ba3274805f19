/**
 * The publishing side of a client.
 *
 * @module
 */
import { type AckPacket, NO_PROPERTIES } from "../codec/packet.ts";
import {
  ConnectionLostError,
  type Delivery,
  MqttError,
  StoreError,
} from "../errors.ts";
import type { PublishProperties } from "../codec/property.ts";
import type { Flight, OutgoingMessage } from "../session/flight.ts";
import { topicNameFault } from "../topic/name.ts";
import {
  checkCheckpoint,
  checkInteger,
  checkNames,
  checkSignal,
} from "./checks.ts";
import type { Clock } from "./clock.ts";
import { WRITE_SIZE } from "./connection.ts";
import { type Life, lostWith } from "./life.ts";
import type { Link } from "./link.ts";
import type { PublishOptions, PublishResult } from "./options.ts";
import {
  isAsAnnounced,
  isBuffer,
  type Payload,
  payloadBytes,
} from "./payload.ts";
import {
  aborted,
  KeptWait,
  PublishWait,
  rejected,
  type Request,
  RestoredWait,
  type TellFailure,
  Wait,
} from "./wait.ts";

/** Above this many bytes that wait to be written, a publish of QoS 0 resolves only when they have been. */
const OUTGOING_BYTES_HIGH = 2 * WRITE_SIZE;

/** What waits to be written, with nobody awaiting it, is kept to this many bytes. */
const OUTGOING_BYTES_MAX = 2 ** 30;

const DONE: Promise<undefined> = Promise.resolve(undefined);

/** What `publish()` is given where it is given no options. */
export const NO_OPTIONS: PublishOptions = Object.freeze({});

const SUCCESS: PublishResult = Object.freeze({
  reasonCode: 0,
  reasonString: undefined,
  userProperties: Object.freeze([]),
});

const OPTIONS: ReadonlySet<string> = new Set([
  "qos",
  "retain",
  "properties",
  "checkpoint",
  "signal",
]);

/** What is told of a failure besides. */
const NOTHING_MORE: { readonly restored?: true } = Object.freeze({});
const RESTORED: { readonly restored?: true } = Object.freeze({
  restored: true,
});

/** What a publisher is made from. */
export interface PublisherOptions {
  readonly life: Life;
  readonly link: Link;
  readonly clock: Clock;
}

/** What the session says of a message that it has given up. */
export interface Abandoned {
  readonly delivery: Delivery | undefined;
  readonly cause: unknown;
}

/** Takes messages to the session, and its answers to those who wait. */
export class Publisher {
  readonly #life: Life;
  readonly #link: Link;
  readonly #clock: Clock;
  readonly #tellFailure: TellFailure = (topicName, error) =>
    this.#countFailure(topicName, error);
  // Publishes of QoS 0 that wait for the same bytes to be written share a promise.
  #drained: Wait<undefined> | undefined;
  #draining: string[] = [];
  // What was checked last need not be checked again; what stands here first would pass.
  #topicName = "a";
  #options = NO_OPTIONS;

  /** Makes the publishing side. */
  constructor({ life, link, clock }: PublisherOptions) {
    this.#life = life;
    this.#link = link;
    this.#clock = clock;
  }

  /** See `Client.publish`. */
  publish(
    topicName: string,
    payload: Payload,
    options: PublishOptions,
  ): Promise<PublishResult | undefined> {
    try {
      this.#check(topicName, payload, options);
      const message: OutgoingMessage = {
        type: "publish",
        topicName,
        payload: typeof payload === "string" ? payload : payloadBytes(payload),
        qos: options.qos ?? 0,
        retain: options.retain ?? false,
        dup: false,
        packetId: 0,
        properties: options.properties ?? NO_PROPERTIES,
        expiresAt: this.#expiresAt(options.properties),
        checkpoint: options.checkpoint,
      };
      return message.qos === 0
        ? this.#publishOnce(message, options.signal)
        : this.#publishAcknowledged(message, options.signal);
    } catch (error) {
      this.#tellFailure(topicName, error);
      return rejected(error);
    }
  }

  /** See `Client.checkpoint`. */
  async checkpoint(checkpoint: string | undefined): Promise<void> {
    const what = "keep a checkpoint";
    if (checkpoint !== undefined) checkCheckpoint(what, checkpoint);
    this.#life.check(what);
    const kept = this.#link.keeper?.checkpoint(checkpoint);
    // Where the store fails the connection ends, as with all else that cannot be kept.
    this.#link.scheduleFlush();
    await kept;
  }

  /** What is settled in place of the promise that an earlier process had of a message. */
  restored(topicName: string): PublishWait {
    return new RestoredWait(
      topicName,
      (name, error) => this.#countFailure(name, error, RESTORED),
      (name) =>
        this.#life.status.tell({
          type: "restored-published",
          topic: name === "" ? undefined : name,
        }),
    );
  }

  /** A handshake has ended well. */
  succeeded(wait: PublishWait, packet: AckPacket): void {
    const { reasonCode, properties } = packet;
    if (reasonCode === 0 && properties === NO_PROPERTIES) {
      return wait.resolve(SUCCESS);
    }
    const { reasonString, userProperties = [] } = properties;
    wait.resolve({ reasonCode, reasonString, userProperties });
  }

  /** A message that waited for room among those that wait for a connection has it. */
  accepted(wait: PublishWait): void {
    if (wait instanceof KeptWait) wait.room.resolve(undefined);
  }

  /** A handshake will have no end: the client has ended, the server has lost the session, or the store cannot keep it. */
  abandoned(wait: PublishWait, { delivery, cause }: Abandoned): void {
    if (cause instanceof StoreError) return wait.reject(cause);
    // Behind PUBREC a store knows of a message that there is one, and no more.
    const what = wait.topicName === ""
      ? "publish a message of an earlier process"
      : `publish to "${wait.topicName}"`;
    wait.reject(
      this.#life.end !== undefined
        ? this.#life.error(what, delivery)
        : new ConnectionLostError(
          `Cannot ${what}: the server has lost the session in which it was sent`,
          { delivery },
        ),
    );
  }

  /** Whether a publish of QoS 0 waits for its bytes to be written: a server that we do not read from may not read either. */
  get isDraining(): boolean {
    return this.#drained !== undefined;
  }

  /** All that waited has been written. */
  written(): void {
    if (this.#link.session.outgoingSize >= OUTGOING_BYTES_HIGH) return;
    this.#draining = [];
    this.#drained?.resolve(undefined);
    this.#drained = undefined;
  }

  /** The connection is gone, and with it what waited to be written at QoS 0. */
  away(error: ConnectionLostError): void {
    this.#loseUnwritten(
      lostWith("Cannot write what was published", error, "unknown"),
    );
  }

  /** Nothing will be written any more. */
  end(): void {
    this.#loseUnwritten(
      this.#life.error("write what was published", "unknown"),
    );
  }

  #loseUnwritten(error: ConnectionLostError): void {
    for (const topicName of this.#draining) this.#tellFailure(topicName, error);
    this.#draining = [];
    this.#drained?.reject(error);
    this.#drained = undefined;
  }

  #publishOnce(
    message: OutgoingMessage,
    signal: AbortSignal | undefined,
  ): Promise<PublishResult | undefined> {
    const { session } = this.#link;
    if (session.outgoingSize > OUTGOING_BYTES_MAX) {
      throw new MqttError(
        `Cannot publish to "${message.topicName}": ${OUTGOING_BYTES_MAX} bytes wait to be written already`,
      );
    }
    // Where others wait it may have to wait as well.
    const isWritten = session.connected && session.queued === 0;
    if (!isWritten) return this.#publishKept(message, signal);
    session.publish(message, NO_REQUEST);
    return this.#written(message, signal);
  }

  /** Done once its bytes are accepted for writing. */
  #written(
    message: OutgoingMessage,
    signal: AbortSignal | undefined,
  ): Promise<PublishResult | undefined> {
    const { session } = this.#link;
    if (message.checkpoint !== undefined) {
      session.keeping.checkpoint(message.checkpoint);
    }
    this.#life.stats.messagesPublished++;
    const isAccepted = session.outgoingSize < OUTGOING_BYTES_HIGH;
    this.#link.scheduleFlush();
    if (isAccepted) return DONE;
    const { promise } = this.#drained ??= new Wait();
    this.#link.resume();
    if (signal === undefined) {
      this.#draining.push(message.topicName);
      return promise;
    }
    const wait = new PublishWait(message.topicName, this.#tellFailure);
    const what = `publish to "${message.topicName}"`;
    wait.abortWith(signal, what, () => "unknown");
    promise.then(() => wait.resolve(undefined), (error) => wait.reject(error));
    return wait.promise;
  }

  /** Done once it has room among those that wait; what becomes of it then is told by status. */
  #publishKept(
    message: OutgoingMessage,
    signal: AbortSignal | undefined,
  ): Promise<PublishResult | undefined> {
    const { topicName } = message;
    const wait = new KeptWait(topicName, this.#tellFailure);
    const { session } = this.#link;
    const flight = session.publish(message, wait);
    if (flight === undefined) return this.#written(message, signal);
    this.#life.stats.messagesPublished++;
    this.#link.scheduleTurn();
    const { room } = wait;
    if (flight.state !== "outside") room.resolve(undefined);
    else this.#abortWith(signal, room, flight);
    return room.promise;
  }

  #publishAcknowledged(
    message: OutgoingMessage,
    signal: AbortSignal | undefined,
  ): Promise<PublishResult | undefined> {
    const { session } = this.#link;
    const wait = new PublishWait(message.topicName, this.#tellFailure);
    const flight = session.publish(message, wait);
    this.#life.stats.messagesPublished++;
    this.#link.scheduleFlush();
    // Others may have given way to it, and its time may be over before anything comes.
    if (!session.connected || message.expiresAt > 0) this.#link.scheduleTurn();
    // A server that we do not read from cannot acknowledge.
    this.#link.resume();
    if (signal !== undefined && flight !== undefined) {
      this.#abortWith(signal, wait, flight);
    }
    return wait.promise;
  }

  #abortWith(
    signal: AbortSignal | undefined,
    wait: PublishWait,
    flight: Flight<Request>,
  ): void {
    wait.abortWith(signal, `publish to "${wait.topicName}"`, () => {
      const delivery = this.#link.session.abort(flight);
      // Others may have come in for it.
      this.#link.scheduleTurn();
      return delivery;
    });
  }

  #check(
    topicName: string,
    payload: Payload,
    options: PublishOptions,
  ): void {
    if (topicName !== this.#topicName) {
      checkTopicName(topicName);
      this.#topicName = topicName;
    }
    if (options !== this.#options) {
      checkNames(`publish to "${topicName}"`, options, OPTIONS);
      this.#options = options;
    }
    const { qos, checkpoint, signal } = options;
    if (checkpoint !== undefined) {
      checkCheckpoint(`publish to "${topicName}"`, checkpoint);
    }
    if (qos !== undefined && qos !== 0 && qos !== 1 && qos !== 2) {
      checkInteger(`publish to "${topicName}"`, "qos", qos, 0, 2);
    }
    if (typeof payload !== "string" && !isBuffer(payload)) {
      throw new TypeError(
        `Cannot publish to "${topicName}": the payload must be a string, an ArrayBuffer or a view on one`,
      );
    }
    if (!isAsAnnounced(payload, options.properties ?? NO_PROPERTIES)) {
      throw new TypeError(
        `Cannot publish to "${topicName}": the payload is not UTF-8, and payloadFormatIndicator says it is`,
      );
    }
    if (this.#life.end !== undefined) {
      this.#life.check(`publish to "${topicName}"`, "not-sent");
    }
    if (signal === undefined) return;
    checkSignal(`publish to "${topicName}"`, signal);
    if (signal.aborted) {
      throw aborted(`publish to "${topicName}"`, signal, "not-sent");
    }
  }

  /** Most messages have no Message Expiry Interval: the clock is asked for the others alone. */
  #expiresAt(properties: PublishProperties | undefined): number {
    const interval = properties?.messageExpiryInterval;
    return interval === undefined ? 0 : this.#clock.now() + interval * 1000;
  }

  #countFailure(topic: string, error: unknown, more = NOTHING_MORE): void {
    const { stats, status } = this.#life;
    stats.publishesFailed++;
    if (!(error instanceof Error)) return;
    if (!status.isHeard && more !== RESTORED) return;
    const delivery = "delivery" in error
      ? error.delivery as Delivery | undefined
      : "not-sent";
    status.tell({ type: "publish-failed", topic, error, delivery, ...more });
  }
}

function checkTopicName(topicName: unknown): void {
  const fault = typeof topicName === "string"
    ? topicNameFault(topicName)
    : "a Topic Name must be a string";
  if (fault !== undefined) {
    throw new TypeError(`Cannot publish to "${topicName}": ${fault}`);
  }
}

// The session hands back only requests that have a handshake.
const NO_REQUEST = new PublishWait("", () => {});
