/**
 * What a store has brought back from an earlier process.
 *
 * @module
 */
import type { QoS } from "../codec/packet.ts";
import type { PublishProperties } from "../codec/property.ts";
import type { StoreDamage } from "../store/store.ts";

/** A message that an earlier process has published. */
export interface RestoredPublish {
  /** Where it was to go. */
  readonly topic: string;
  /** Its payload. */
  readonly payload: Uint8Array;
  /** Its QoS. */
  readonly qos: QoS;
  /** Whether the server was to keep it. */
  readonly retain: boolean;
  /** Its properties. */
  readonly properties: PublishProperties;
}

/** What a client began with. What becomes of its messages is told by status. */
export interface Restored {
  /** Whose session it was; undefined where it never had a connection. */
  readonly clientId: string | undefined;
  /** The address of its server, as errors have it; undefined where it never had a connection. */
  readonly server: string | undefined;
  /** Whether none of the URLs has the host of that server, so that it may be another one. */
  readonly isElsewhere: boolean;
  /** How many messages wait to be sent. */
  readonly queued: number;
  /** How many messages were sent and not acknowledged: they are sent again. */
  readonly published: number;
  /** How many messages of QoS 2 are with the server and wait for the end of their handshake. */
  readonly released: number;
  /** How many messages of QoS 2 that came were taken, and are not taken again. */
  readonly owned: number;
  /**
   * Messages of QoS 2 that may have been delivered, and may not, since a part of the store is damaged, or they
   * were sent to another host. They are not sent again: publish them anew where twice is better than never.
   */
  readonly unknown: readonly RestoredPublish[];
  /** How many messages are known to be lost, with what is damaged. */
  readonly lost: number;
  /** The last checkpoint that was kept, see `PublishOptions.checkpoint`; undefined where there is none. */
  readonly checkpoint: string | undefined;
  /** What of the store cannot be read any more. */
  readonly damages: readonly StoreDamage[];
}
