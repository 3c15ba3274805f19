/**
 * Enhanced authentication (4.12): AUTH goes back and forth by turns, before CONNACK and, where we begin it
 * anew, after it. What is said in it is for others to know.
 *
 * @module
 */
import type {
  AuthPacket,
  ConnackPacket,
  ConnectPacket,
} from "../codec/packet.ts";
import type { AuthProperties } from "../codec/property.ts";
import { ReasonCode } from "../codec/reason_code.ts";
import { MqttError } from "../errors.ts";
import type { Doors } from "./doors.ts";
import { otherMethod, unaskedAuth, unendedAuth } from "./misconduct.ts";

/** The authentication of a client by the method that its CONNECT names. */
export class Authentication {
  readonly #doors: Doors<unknown>;

  // valid for the connection
  /** The Authentication Method of our CONNECT. */
  #method: string | undefined;
  /** Who is to speak in the exchange that is under way. */
  #turn: "nobody" | "client" | "server" = "nobody";

  /** Makes an authentication without a connection. */
  constructor(doors: Doors<unknown>) {
    this.#doors = doors;
  }

  /** CONNECT has been written: where it names a method, it begins an exchange. */
  open({ properties }: ConnectPacket): void {
    this.#method = properties.authenticationMethod;
    this.#turn = this.#method === undefined ? "nobody" : "server";
  }

  /** The connection is gone. */
  lost(): void {
    this.#method = undefined;
    this.#turn = "nobody";
  }

  /** AUTH has come: it goes on with an exchange of ours or, where we have begun it anew, ends it. */
  receive(packet: AuthPacket, state: "connecting" | "connected"): void {
    const { reasonCode, properties: { authenticationMethod } } = packet;
    if (this.#turn !== "server") throw unaskedAuth(this.#method);
    const isEnd = reasonCode === ReasonCode.success;
    // An end that says nothing else may leave out the method (3.15.2.1).
    if (!isEnd || authenticationMethod !== undefined) {
      this.#checkMethod(authenticationMethod);
    }
    if (isEnd && state === "connecting") throw unendedAuth();
    this.#turn = isEnd ? "nobody" : "client";
    this.#doors.events.push({ type: "auth", packet });
  }

  /** CONNACK has accepted, which ends the exchange: whether the program is to look at it first. */
  isToJudge(packet: ConnackPacket): boolean {
    this.#turn = "nobody";
    // A server of MQTT 3.1.1 that answers a CONNECT of MQTT 5 has not read its properties.
    if (packet.protocolVersion < 5) return false;
    this.#checkMethod(packet.properties.authenticationMethod);
    if (this.#method === undefined) return false;
    this.#doors.events.push({ type: "auth", packet });
    return true;
  }

  /** Begins an exchange anew [MQTT-4.12.1-1]. Throws a TypeError or an MqttError where that cannot be. */
  begin(properties: AuthProperties): void {
    if (this.#method === undefined) {
      throw new TypeError(
        "Cannot authenticate anew: CONNECT had no Authentication Method",
      );
    }
    if (this.#turn !== "nobody") {
      throw new TypeError(
        "Cannot authenticate anew: an exchange is under way already",
      );
    }
    this.#send(ReasonCode.reAuthenticate, properties);
  }

  /** Says what comes next in the exchange [MQTT-4.12.0-3]; nothing where the server awaits nothing. */
  goOn(properties: AuthProperties): void {
    if (this.#turn !== "client") return;
    this.#send(ReasonCode.continueAuthentication, properties);
  }

  #send(reasonCode: number, said: AuthProperties): void {
    const { writer, limits: { packetSizeMax } } = this.#doors;
    const authenticationMethod = this.#method;
    if (authenticationMethod === undefined) return;
    const before = writer.length;
    const properties = { ...said, authenticationMethod };
    this.#doors.write({ type: "auth", reasonCode, properties });
    const size = writer.length - before;
    if (size > packetSizeMax) {
      writer.rewind(before);
      throw new MqttError(
        `Cannot authenticate: AUTH has ${size} bytes, and the server takes at most ${packetSizeMax}`,
      );
    }
    this.#turn = "server";
  }

  #checkMethod(named: string | undefined): void {
    if (named !== this.#method) throw otherMethod(this.#method, named);
  }
}
