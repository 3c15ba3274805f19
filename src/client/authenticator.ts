/**
 * Enhanced authentication on one wire (MQTT 5, chapter 4.12): between the session, which has what the server
 * says, and the program's function, which knows what to answer.
 *
 * @module
 */
import type { AuthPacket, ConnackPacket } from "../codec/packet.ts";
import type { AuthProperties } from "../codec/property.ts";
import { ReasonCode } from "../codec/reason_code.ts";
import { MqttError } from "../errors.ts";
import type { Session } from "../session/session.ts";
import type { Exchange } from "./exchange.ts";
import { type Request, Wait } from "./wait.ts";

/** Who is told what comes of it. */
export interface AuthenticatorOwner {
  /** Something is to be written. */
  onSaid(): void;
  /** Both sides are content with CONNACK. */
  onAccepted(): void;
  /** The connection is of no more use. */
  onFailed(cause: unknown): void;
}

/** Has the program answer what the server says, one exchange at a time. */
export class Authenticator {
  /** Whether the program looks at CONNACK: what has come behind it waits. */
  isJudging = false;
  readonly #session: Session<Request>;
  readonly #owner: AuthenticatorOwner;
  #exchange: Exchange | undefined;
  #again: Wait<void> | undefined;
  #isClosed = false;

  /** Makes an authenticator; the exchange, where there is one, has begun with CONNECT. */
  constructor(
    session: Session<Request>,
    exchange: Exchange | undefined,
    owner: AuthenticatorOwner,
  ) {
    this.#session = session;
    this.#exchange = exchange;
    this.#owner = owner;
  }

  /** The server has said something. */
  receive(packet: AuthPacket | ConnackPacket): void {
    this.isJudging = packet.type === "connack";
    void this.#answer(packet);
  }

  /** Authenticates anew. Resolves when the server is content; where it is not, the connection ends. */
  async again(exchange: Exchange): Promise<void> {
    if (this.#again !== undefined) {
      throw new TypeError(
        "Cannot authenticate anew: an exchange is under way already",
      );
    }
    const again = this.#again = new Wait<void>();
    this.#exchange = exchange;
    try {
      const properties = await exchange.begin();
      if (this.#isClosed) return await again.promise;
      this.#session.authentication.begin(properties);
      this.#owner.onSaid();
    } catch (error) {
      // Nothing was said: the connection is as it was.
      this.#again = undefined;
      exchange.drop();
      throw error;
    }
    return await again.promise;
  }

  /** The wire is of no more use. */
  close(): void {
    this.#isClosed = true;
    this.isJudging = false;
    this.#exchange?.drop();
    this.#exchange = undefined;
  }

  async #answer(packet: AuthPacket | ConnackPacket): Promise<void> {
    const { reasonCode, properties } = packet;
    try {
      if (reasonCode === ReasonCode.continueAuthentication) {
        const said = await this.#goOn(properties);
        if (this.#isClosed) return;
        this.#session.authentication.goOn(said);
        return this.#owner.onSaid();
      }
      await this.#exchange?.end(properties);
      if (this.#isClosed) return;
      this.#exchange = undefined;
      if (packet.type === "connack") {
        this.isJudging = false;
        return this.#owner.onAccepted();
      }
      this.#again?.resolve();
      this.#again = undefined;
    } catch (error) {
      if (!this.#isClosed) this.#owner.onFailed(error);
    }
  }

  #goOn(properties: AuthProperties): Promise<AuthProperties> {
    if (this.#exchange !== undefined) return this.#exchange.goOn(properties);
    throw new MqttError("there is no function for authenticate to answer it");
  }
}
