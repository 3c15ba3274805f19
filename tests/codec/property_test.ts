import { assertEquals, assertThrows } from "@std/assert";
import { PacketDecoder } from "../../src/codec/decoder.ts";
import {
  type ConnackProperties,
  type ConnectProperties,
  PROPERTIES,
  propertiesOf,
  type PublishProperties,
  type WillProperties,
} from "../../src/codec/property.ts";
import { PROPERTY_REPEAT_MAX } from "../../src/codec/property_list.ts";
import { ProtocolError } from "../../src/errors.ts";
import { packetBytes, variableByteInteger } from "./golden.ts";

Deno.test("PROPERTIES gives each property a name, an identifier and a bit of its own", () => {
  const bits = PROPERTIES.reduce((all, { bit }) => all | bit, 0);
  assertEquals(bits, 2 ** PROPERTIES.length - 1);
  assertEquals(
    new Set(PROPERTIES.map(({ name }) => name)).size,
    PROPERTIES.length,
  );
  // Subscription Identifier alone has two names, by the packet that carries it.
  assertEquals(
    new Set(PROPERTIES.map(({ id }) => id)).size,
    PROPERTIES.length - 1,
  );
});

Deno.test("PROPERTIES and the types name the same properties for a packet", () => {
  // A key that is missing or too much here does not compile.
  const connect: Record<keyof ConnectProperties, true> = {
    sessionExpiryInterval: true,
    authenticationMethod: true,
    authenticationData: true,
    requestProblemInformation: true,
    requestResponseInformation: true,
    receiveMaximum: true,
    topicAliasMaximum: true,
    userProperties: true,
    maximumPacketSize: true,
  };
  const will: Record<keyof WillProperties, true> = {
    payloadFormatIndicator: true,
    messageExpiryInterval: true,
    contentType: true,
    responseTopic: true,
    correlationData: true,
    willDelayInterval: true,
    userProperties: true,
  };
  const publish: Record<keyof PublishProperties, true> = {
    payloadFormatIndicator: true,
    messageExpiryInterval: true,
    contentType: true,
    responseTopic: true,
    correlationData: true,
    subscriptionIdentifiers: true,
    topicAlias: true,
    userProperties: true,
  };
  const connack: Record<keyof ConnackProperties, true> = {
    sessionExpiryInterval: true,
    assignedClientIdentifier: true,
    serverKeepAlive: true,
    authenticationMethod: true,
    authenticationData: true,
    responseInformation: true,
    serverReference: true,
    reasonString: true,
    receiveMaximum: true,
    topicAliasMaximum: true,
    maximumQoS: true,
    retainAvailable: true,
    userProperties: true,
    maximumPacketSize: true,
    wildcardSubscriptionAvailable: true,
    subscriptionIdentifiersAvailable: true,
    sharedSubscriptionAvailable: true,
  };
  for (
    const [carrier, typed] of [
      ["connect", connect],
      ["will", will],
      ["publish", publish],
      ["connack", connack],
    ] as const
  ) {
    assertEquals([...propertiesOf(carrier).byName.keys()], Object.keys(typed));
  }
});

Deno.test("PacketDecoder takes as many User Properties as the limit, and not one more", () => {
  const publish = (count: number) => {
    const userProperties = Array<number[]>(count).fill([0x26, 0, 0, 0, 0]);
    return packetBytes(0x30, [
      ...[0, 1, 0x61],
      ...variableByteInteger(5 * count),
      ...userProperties.flat(),
    ]);
  };
  const decoder = new PacketDecoder({ protocolVersion: 5, from: "server" });
  decoder.push(publish(PROPERTY_REPEAT_MAX));
  const packet = decoder.next();
  assertEquals(
    packet?.type === "publish" && packet.properties.userProperties?.length,
    PROPERTY_REPEAT_MAX,
  );
  decoder.push(publish(PROPERTY_REPEAT_MAX + 1));
  const error = assertThrows(() => decoder.next(), ProtocolError);
  assertEquals(error.reasonCode, 0x97);
});

Deno.test("PacketDecoder lets no property reach beyond the Property Length into the payload", () => {
  const decoder = new PacketDecoder({ protocolVersion: 5, from: "server" });
  // Content Type says four bytes; the Property Length has room for two, the payload has the rest.
  decoder.push(
    packetBytes(0x30, [
      ...[0, 1, 0x61],
      ...[5, 0x03, 0, 4, 0x78, 0x79],
      ...[0x7A, 0x7A],
    ]),
  );
  const error = assertThrows(() => decoder.next(), ProtocolError);
  assertEquals(error.reasonCode, 0x81);
});
