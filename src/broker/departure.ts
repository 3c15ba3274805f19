/**
 * A message as a PUBLISH to one client: what its subscription, its connection and the time make of it.
 *
 * @module
 */
import {
  NO_PROPERTIES,
  type Properties,
  type ProtocolVersion,
} from "../codec/packet.ts";
import { encodePublish } from "../codec/publish.ts";
import type { Delivery } from "./delivery.ts";
import type { Link } from "./link.ts";
import type { OutgoingAlias, OutgoingAliases } from "./topic_aliases.ts";

/** Writes a PUBLISH. False where it is too large for the client: then nothing is written [MQTT-3.1.2-25]. */
export function writeDelivery(
  link: Link,
  aliases: OutgoingAliases,
  delivery: Delivery,
  now: number,
): boolean {
  const { protocolVersion = 4 } = link;
  const { topicName } = delivery.message;
  const alias = protocolVersion === 5 ? aliases.find(topicName) : undefined;
  if (tryToWrite(link, delivery, alias, now)) {
    if (alias !== undefined) aliases.sent(topicName, alias);
    return true;
  }
  // An alias that the client does not know yet takes three bytes: without it the packet may be small enough.
  return alias?.isKnown === false &&
    tryToWrite(link, delivery, undefined, now);
}

function tryToWrite(
  link: Link,
  delivery: Delivery,
  alias: OutgoingAlias | undefined,
  now: number,
): boolean {
  const { writer } = link;
  const before = writer.length;
  write(link, delivery, alias, now);
  if (writer.length - before > link.packetSizeMax) {
    writer.rewind(before);
    return false;
  }
  link.mark();
  return true;
}

function write(
  { writer, protocolVersion = 4 }: Link,
  delivery: Delivery,
  alias: OutgoingAlias | undefined,
  now: number,
): void {
  const { message, qos, retain, dup, packetId } = delivery;
  if (!dup && alias === undefined && isPlain(delivery, protocolVersion, now)) {
    return message.write(writer, protocolVersion, qos, retain, packetId);
  }
  const { topicName, payload } = message;
  encodePublish(writer, {
    type: "publish",
    topicName: alias?.isKnown ? "" : topicName,
    payload,
    qos,
    retain,
    dup,
    packetId,
    properties: protocolVersion === 5
      ? propertiesOf(delivery, alias, now)
      : NO_PROPERTIES,
  }, protocolVersion);
}

/** Whether the properties are those that the publisher gave, and nothing else. */
function isPlain(
  { message, subscriptionIdentifiers }: Delivery,
  protocolVersion: ProtocolVersion,
  now: number,
): boolean {
  if (protocolVersion < 5) return true;
  return subscriptionIdentifiers === undefined &&
    message.remainingInterval(now) === message.properties.messageExpiryInterval;
}

function propertiesOf(
  { message, subscriptionIdentifiers }: Delivery,
  alias: OutgoingAlias | undefined,
  now: number,
): Properties {
  const messageExpiryInterval = message.remainingInterval(now);
  return {
    ...message.properties,
    ...(messageExpiryInterval === undefined ? {} : { messageExpiryInterval }),
    ...(alias === undefined ? {} : { topicAlias: alias.alias }),
    ...(subscriptionIdentifiers === undefined
      ? {}
      : { subscriptionIdentifiers }),
  };
}
