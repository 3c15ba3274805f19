/**
 * What the broker keeps for a client beyond its connection (4.1), but for its subscriptions.
 *
 * @module
 */
import type { Alarm } from "./alarms.ts";
import type { Doors } from "./doors.ts";
import type { EndCause } from "./event.ts";
import { Outgoing } from "./outgoing.ts";

/** How a connection ends. */
export interface ConnectionEnd {
  /** Why, as events have it. */
  readonly cause: EndCause;
  /** Of the DISCONNECT that was received, or that is sent under MQTT 5. */
  readonly reasonCode: number | undefined;
  /** Why, for people. */
  readonly reason: string;
}

/** The connection of a session. */
export interface SessionClient {
  /** The broker ends it. */
  dismiss(end: ConnectionEnd & { reasonCode: number }, now: number): void;
}

/** The session of one Client Identifier. */
export class BrokerSession {
  /** The Client Identifier. */
  readonly clientId: string;
  /** The messages for the client. */
  readonly outgoing: Outgoing;
  /** The Packet Identifiers of its messages of QoS 2 between PUBLISH and PUBREL [MQTT-4.3.3-10]. */
  readonly received = new Set<number>();
  /** Its connection. */
  client: SessionClient | undefined;
  /** How many seconds it outlives its connection; 0xFFFFFFFF is for ever. */
  expiryInterval = 0;
  /** Its end, while it has no connection. */
  expiry: Alarm | undefined;
  /** Publishes its will, unless the client comes back in time. */
  will: Alarm | undefined;

  /** Makes the session of a client that has no connection yet. */
  constructor(doors: Doors, clientId: string) {
    this.clientId = clientId;
    this.outgoing = new Outgoing(doors, clientId);
  }
}
