/**
 * The Topic Aliases that the server uses on one connection (3.3.2.3.4).
 *
 * @module
 */
import type { PublishPacket } from "../codec/packet.ts";
import { ReasonCode } from "../codec/reason_code.ts";
import { ProtocolError } from "../errors.ts";

/** Knows which Topic Name each alias stands for. */
export class TopicAliases {
  readonly #max: number;
  readonly #topicNames = new Map<number, string>();

  /** Makes the aliases of a connection; `max` is the Topic Alias Maximum of our CONNECT. */
  constructor(max: number) {
    this.#max = max;
  }

  /** Learns the alias of a PUBLISH, or gives the PUBLISH the name that its alias stands for. */
  resolve(packet: PublishPacket): PublishPacket {
    const alias = packet.properties.topicAlias;
    if (alias === undefined) return packet;
    if (alias > this.#max) {
      throw new ProtocolError(
        `The server sent Topic Alias ${alias}, and our Topic Alias Maximum is ${this.#max}`,
        ReasonCode.topicAliasInvalid,
        "MQTT-3.1.2-26",
      );
    }
    if (packet.topicName !== "") {
      this.#topicNames.set(alias, packet.topicName);
      return packet;
    }
    const topicName = this.#topicNames.get(alias);
    if (topicName === undefined) {
      throw new ProtocolError(
        `The server sent Topic Alias ${alias} before it gave it a Topic Name`,
        ReasonCode.protocolError,
        "3.3.2.3.4",
      );
    }
    return { ...packet, topicName };
  }
}
