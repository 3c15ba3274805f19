/**
 * The sessions from their beginning to their end: taken up by connections, left by them with a will or
 * without, and expired (3.1.2.4, 3.1.2.5, 3.1.2.11.2, 3.1.3.2.2).
 *
 * @module
 */
import type { WillPacket } from "../codec/packet.ts";
import { Alarm } from "./alarms.ts";
import type { Doors } from "./doors.ts";
import type { Exchange } from "./exchange.ts";
import { Message } from "./message.ts";
import { BrokerSession } from "./session.ts";

/** A Session Expiry Interval that never passes. */
export const NEVER = 0xFFFFFFFF;

/** All sessions. */
export class Sessions {
  readonly #doors: Doors;
  readonly #exchange: Exchange;
  readonly #byClientId = new Map<string, BrokerSession>();

  /** Makes a table without sessions. */
  constructor(doors: Doors, exchange: Exchange) {
    this.#doors = doors;
    this.#exchange = exchange;
  }

  /** How many there are. */
  get size(): number {
    return this.#byClientId.size;
  }

  /** The session of a client. */
  get(clientId: string): BrokerSession | undefined {
    return this.#byClientId.get(clientId);
  }

  /** All of them, in the order in which they began. */
  values(): Iterable<BrokerSession> {
    return this.#byClientId.values();
  }

  /** Whether a client may have a session: there is one already, or space for one more. */
  hasSpace(clientId: string): boolean {
    return this.#byClientId.has(clientId) ||
      this.size < this.#doors.settings.sessionsMax;
  }

  /**
   * Takes up the session of a client, or begins one; one that has a connection has been left before. What
   * was to happen without a connection does not [MQTT-3.1.3-9].
   */
  open(clientId: string, cleanStart: boolean, now: number): BrokerSession {
    const former = this.#byClientId.get(clientId);
    if (former !== undefined && cleanStart) this.end(former, now);
    let session = this.#byClientId.get(clientId);
    if (session === undefined) {
      session = new BrokerSession(this.#doors, clientId);
      this.#byClientId.set(clientId, session);
    }
    this.#clear(session);
    return session;
  }

  /**
   * The connection of a session has ended: its will is published or waits, the session ends or waits.
   * Without a will nothing is published, as after a normal DISCONNECT.
   */
  leave(
    session: BrokerSession,
    will: WillPacket | undefined,
    now: number,
  ): void {
    session.client = undefined;
    session.outgoing.disconnected();
    if (will !== undefined) this.#planWill(session, will, now);
    const { expiryInterval } = session;
    if (expiryInterval === 0) return this.end(session, now);
    if (expiryInterval === NEVER) return;
    session.expiry = new Alarm((now) => this.end(session, now));
    this.#doors.alarms.set(session.expiry, now + expiryInterval * 1000);
  }

  /** A session without a connection ends, and what it leaves is done. */
  end(session: BrokerSession, now: number): void {
    const { clientId, will } = session;
    if (this.#byClientId.get(clientId) !== session) return;
    this.#clear(session);
    this.#byClientId.delete(clientId);
    this.#exchange.forget(session, now);
    this.#doors.tell({ type: "session-ended", clientId });
    // The end of the session ends the delay of its will (3.1.3.2.2).
    will?.ring(now);
  }

  #planWill(session: BrokerSession, will: WillPacket, now: number): void {
    const { willDelayInterval = 0, ...properties } = will.properties;
    const { clientId } = session;
    const publish = (at: number) => {
      session.will = undefined;
      this.#exchange.publish(
        new Message({ ...will, properties }, clientId, at),
        at,
      );
    };
    if (willDelayInterval === 0) return publish(now);
    session.will = new Alarm(publish);
    this.#doors.alarms.set(session.will, now + willDelayInterval * 1000);
  }

  #clear(session: BrokerSession): void {
    const { alarms } = this.#doors;
    if (session.expiry !== undefined) alarms.clear(session.expiry);
    if (session.will !== undefined) alarms.clear(session.will);
    session.expiry = undefined;
    session.will = undefined;
  }
}
