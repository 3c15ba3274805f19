/**
 * What a session begins with that goes on with one of an earlier process.
 *
 * @module
 */
import type { Properties, QoS } from "../codec/packet.ts";

/** A message that was accepted and is not settled. */
export interface RestoredMessage {
  /** The number under which it was accepted. */
  readonly order: number;
  /** Where it goes. */
  readonly topicName: string;
  /** A view on bytes that do not change any more. */
  readonly payload: Uint8Array;
  /** 0 where it waited for a connection. */
  readonly qos: QoS;
  /** Whether the server is to keep it. */
  readonly retain: boolean;
  /** As they were given: the Message Expiry Interval is still the whole. */
  readonly properties: Properties;
  /** When that interval ends, in ms of the driver's clock, which may be long ago; 0 where it has none. */
  readonly expiresAt: number;
}

/** A message that was sent, and has no PUBACK or PUBREC. */
export interface RestoredFlight {
  /** Its identifier. */
  readonly packetId: number;
  /** What is sent again. */
  readonly message: RestoredMessage;
}

/** A message that is with the server: PUBREL is all there is to send. */
export interface RestoredRelease {
  /** Its identifier. */
  readonly packetId: number;
  /** The number under which it was accepted. */
  readonly order: number;
}

/** The messages that were never sent, each made when it is taken: a million of them cost what their bytes do. */
export interface RestoredQueue {
  /** How many are left. */
  readonly length: number;
  /** How many bytes they are, with their Topic Names and properties. */
  readonly size: number;
  /** Takes the first; undefined where none is left. */
  shift(): RestoredMessage | undefined;
}

/** All that is known of the session. */
export interface RestoredSession {
  /** In the order in which they first left [MQTT-4.6.0-1]. */
  readonly published: readonly RestoredFlight[];
  /** In the order in which their PUBRECs came [MQTT-4.6.0-4]. */
  readonly released: readonly RestoredRelease[];
  /** In the order in which they were accepted. */
  readonly queue: RestoredQueue;
  /** Incoming QoS 2 ids between PUBREC and PUBREL. */
  readonly owned: readonly number[];
  /** The highest number under which a message was accepted, of those that are known. */
  readonly lastOrder: number;
  /**
   * Whether the server cannot have this session any more: then it is as if CONNACK had said so. If it has
   * one under our Client Identifier all the same, that is another.
   */
  readonly isLost: boolean;
}
