/**
 * Enhanced authentication (4.12): AUTH goes back and forth by turns, before CONNACK and, where the client
 * begins it anew, after it.
 *
 * @module
 */
import type { AuthPacket, Properties } from "../codec/packet.ts";
import { ReasonCode } from "../codec/reason_code.ts";
import type { Link } from "./link.ts";
import { otherMethod, unaskedAuth } from "./misconduct.ts";
import type { AuthenticateQuestion, BrokerDecision } from "./question.ts";

/** The authentication of one client by the method that its CONNECT names. */
export class Authentication {
  readonly #link: Link;
  readonly #method: string;
  /** Whether an exchange waits for the client's AUTH. */
  #isClientsTurn = false;

  /** Makes an authentication that has not begun. */
  constructor(link: Link, method: string) {
    this.#link = link;
    this.#method = method;
  }

  /** Asks about what the client says in this step. */
  ask(
    step: AuthenticateQuestion["step"],
    authenticationData: Uint8Array | undefined,
  ): void {
    this.#isClientsTurn = false;
    this.#link.ask({
      type: "authenticate",
      connection: this.#link,
      step,
      authenticationMethod: this.#method,
      authenticationData,
    });
  }

  /** AUTH has come: it goes on with an exchange, or begins one [MQTT-4.12.0-3, MQTT-4.12.1-1]. */
  receive({ reasonCode, properties }: AuthPacket): void {
    const { authenticationMethod, authenticationData } = properties;
    if (authenticationMethod !== this.#method) {
      throw otherMethod(authenticationMethod);
    }
    const isContinued = reasonCode === ReasonCode.continueAuthentication;
    if (isContinued !== this.#isClientsTurn) {
      throw unaskedAuth(
        isContinued
          ? "to continue where nothing was begun"
          : "to begin anew before the exchange has ended",
      );
    }
    this.ask(isContinued ? "continue" : "re-authenticate", authenticationData);
  }

  /** Sends the client what the decision has for it; it is its turn now [MQTT-4.12.0-2]. */
  goOn(decision: BrokerDecision): void {
    this.#isClientsTurn = true;
    this.#send(ReasonCode.continueAuthentication, decision);
  }

  /** Tells the client that it has authenticated itself anew. */
  succeed(decision: BrokerDecision): void {
    this.#send(ReasonCode.success, decision);
  }

  /** What CONNACK or AUTH says of it: always the method of CONNECT [MQTT-4.12.0-5]. */
  propertiesOf({ properties }: BrokerDecision): Properties {
    return { ...properties, authenticationMethod: this.#method };
  }

  #send(reasonCode: number, decision: BrokerDecision): void {
    this.#link.send({
      type: "auth",
      reasonCode,
      properties: this.propertiesOf(decision),
    });
  }
}
