/**
 * Whose session it is: the Client Identifier of our CONNECT, or the one that the server gave (3.2.2.3.7).
 *
 * @module
 */
import type { ConnackPacket, ConnectPacket } from "../codec/packet.ts";

/** Whose session CONNACK speaks of: there was none before, it is the one we know, or that of another client id. */
export type Whose = "new" | "ours" | "other";

/** The client id of no session: CONNACK gives one where ours is empty [MQTT-3.2.2-16]. */
const NOBODY = "";

/** Remembers which client id the session belongs to. */
export class Identity {
  // valid for the session
  #assigned = "";
  #known: string | undefined;

  // valid for the connection
  #asked = "";

  /** The Client Identifier of the session. */
  get clientId(): string {
    return this.#asked || this.#assigned;
  }

  /** An earlier process had a session: that of this client id, or one that the server cannot have any more. */
  restore(clientId: string, state: "kept" | "lost"): void {
    if (state === "kept") this.#assigned = clientId;
    // What the server has under our client id then is not what we know.
    this.#known = state === "kept" ? clientId : NOBODY;
  }

  /** CONNECT as it is sent: an empty clientId gives way to the one that the server gave before. */
  open(connect: ConnectPacket): ConnectPacket {
    this.#asked = connect.clientId;
    return { ...connect, clientId: this.clientId };
  }

  /** CONNACK has accepted. */
  accepted({ properties }: ConnackPacket): Whose {
    this.#assigned = properties.assignedClientIdentifier ?? this.#assigned;
    const known = this.#known;
    this.#known = this.clientId;
    if (known === undefined) return "new";
    return known === this.#known ? "ours" : "other";
  }
}
