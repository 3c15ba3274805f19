// Each property of MQTT 5 that a packet may have, as the API gives it to a server and to a program.

import { assert, assertEquals } from "@std/assert";
import type { Properties } from "../../src/codec/packet.ts";
import {
  propertiesOf,
  type PropertyCarrier,
} from "../../src/codec/property.ts";
import type { Message } from "../../mod.ts";
import { settled } from "./clock.ts";
import { ack, publish, suback, unsuback } from "./packets.ts";
import { connected, subscribed } from "./server.ts";

const DATA = Uint8Array.of(0, 255);

/** Order and duplicates are kept. */
const USER = [["b", "1"], ["a", "2"], ["b", "1"]] as const;

const MESSAGE = {
  payloadFormatIndicator: 1,
  messageExpiryInterval: 30,
  contentType: "text/plain",
  responseTopic: "reply",
  correlationData: DATA,
  userProperties: USER,
} as const;

const CONNECT = {
  sessionExpiryInterval: 7,
  receiveMaximum: 8,
  maximumPacketSize: 9_000,
  topicAliasMaximum: 10,
  requestResponseInformation: true,
  requestProblemInformation: true,
  userProperties: USER,
  authenticationMethod: "m",
  authenticationData: DATA,
} as const;

const CONNACK = {
  sessionExpiryInterval: 1,
  receiveMaximum: 2,
  maximumQoS: 1,
  retainAvailable: false,
  maximumPacketSize: 3_000,
  assignedClientIdentifier: "given",
  topicAliasMaximum: 4,
  reasonString: "welcome",
  userProperties: USER,
  wildcardSubscriptionAvailable: false,
  subscriptionIdentifiersAvailable: false,
  sharedSubscriptionAvailable: false,
  serverKeepAlive: 5,
  responseInformation: "replies/",
  serverReference: "elsewhere",
  authenticationMethod: "m",
  authenticationData: DATA,
} as const;

/** Throws where a property is missing that the packet may have. */
function assertAll(carrier: PropertyCarrier, properties: Properties): void {
  const names = [...propertiesOf(carrier).byName.keys()];
  assertEquals(Object.keys(properties).toSorted(), names.toSorted(), carrier);
}

Deno.test("connect sends each property of CONNECT and of its will", async () => {
  assertAll("connect", CONNECT);
  const will = { ...MESSAGE, willDelayInterval: 11 };
  assertAll("will", will);
  const { client, connectPacket } = await connected({
    properties: CONNECT,
    will: {
      topic: "w",
      payload: "gone",
      qos: 2,
      retain: true,
      properties: will,
    },
  }, { properties: { authenticationMethod: "m" } });
  assertEquals(connectPacket.properties, CONNECT);
  assert(connectPacket.will !== undefined);
  const { topicName, payload, qos, retain, properties } = connectPacket.will;
  assertEquals(
    { topicName, text: new TextDecoder().decode(payload), qos, retain },
    { topicName: "w", text: "gone", qos: 2, retain: true },
  );
  assertEquals(properties, will);
  client.close();
});

Deno.test("connection has each property of CONNACK, as it came and as a limit", async () => {
  assertAll("connack", CONNACK);
  const { client } = await connected(
    { clientId: "", properties: { authenticationMethod: "m" } },
    { properties: CONNACK },
  );
  const { connection } = client;
  assertEquals(connection.properties, CONNACK);
  assertEquals({ ...connection, properties: {} }, {
    protocolVersion: 5,
    clientId: "given",
    sessionPresent: false,
    keepAlive: 5,
    sessionExpiryInterval: 1,
    receiveMaximum: 2,
    maximumQoS: 1,
    retainAvailable: false,
    maximumPacketSize: 3_000,
    topicAliasMaximum: 4,
    wildcardSubscriptionAvailable: false,
    subscriptionIdentifiersAvailable: false,
    sharedSubscriptionAvailable: false,
    properties: {},
  });
  client.close();
});

Deno.test("publish sends each property of PUBLISH that a client may send", async () => {
  const { client, server } = await connected({}, {
    properties: { topicAliasMaximum: 5 },
  });
  const properties = { ...MESSAGE, topicAlias: 5 };
  assertAll("publish", { ...properties, subscriptionIdentifiers: [] });
  await client.publish("a", "text", { properties });
  assertEquals((await server.next("publish")).properties, properties);
  client.close();
});

Deno.test("Message has each property of PUBLISH", async () => {
  const { client, server } = await connected({
    properties: { topicAliasMaximum: 5 },
  });
  const messages: Message[] = [];
  const properties = {
    ...MESSAGE,
    topicAlias: 5,
    subscriptionIdentifiers: [1, 268_435_455, 1],
  };
  assertAll("publish", properties);
  await subscribed({ client, server }, "a", {
    onMessage: (message) => void messages.push(message),
  });
  server.send(publish("a", "text", { properties }));
  server.send(publish("", "by its alias", { properties: { topicAlias: 5 } }));
  await settled();
  assertEquals(messages.map(({ topic }) => topic), ["a", "a"]);
  assertEquals(messages[0]?.properties, properties);
  client.close();
});

Deno.test("subscribe and unsubscribe send each property of SUBSCRIBE and UNSUBSCRIBE", async () => {
  const { client, server } = await connected();
  const asked = { subscriptionIdentifier: 3, userProperties: USER };
  assertAll("subscribe", asked);
  const subscribing = client.subscribe("a", { properties: asked });
  const subscribe = await server.next("subscribe");
  assertEquals(subscribe.properties, asked);
  server.send(suback(subscribe.packetId, [0]));
  await subscribing;
  const properties = { userProperties: USER };
  assertAll("unsubscribe", properties);
  const leaving = client.unsubscribe("a", { properties });
  const unsubscribe = await server.next("unsubscribe");
  assertEquals(unsubscribe.properties, properties);
  server.send(unsuback(unsubscribe.packetId, [0]));
  assertEquals(await leaving, [0]);
  client.close();
});

Deno.test("publish resolves with the Reason Code, Reason String and User Properties of PUBACK and PUBCOMP", async () => {
  const { client, server } = await connected();
  const properties = { reasonString: "nobody there", userProperties: USER };
  for (const carrier of ["puback", "pubrec", "pubrel", "pubcomp"] as const) {
    assertAll(carrier, properties);
  }
  const published = client.publish("a", "", { qos: 1 });
  const { packetId } = await server.next("publish");
  server.send(ack("puback", packetId, 0x10, properties));
  assertEquals(await published, { reasonCode: 0x10, ...properties });
  const twice = client.publish("a", "", { qos: 2 });
  const { packetId: id } = await server.next("publish");
  server.send(ack("pubrec", id));
  await server.next("pubrel");
  server.send(ack("pubcomp", id, 0, properties));
  assertEquals(await twice, { reasonCode: 0, ...properties });
  client.close();
});

for (const qos of [1, 2] as const) {
  Deno.test(`Message.reject sends Reason Code, Reason String and User Properties at QoS ${qos}`, async () => {
    const { client, server } = await connected();
    const properties = { reasonString: "not mine", userProperties: USER };
    await subscribed({ client, server }, "a", {
      qos,
      ack: "manual",
      onMessage: (message) => message.reject(0x87, properties),
    });
    server.send(publish("a", "", { qos, packetId: 9 }));
    const type = qos === 1 ? "puback" : "pubrec";
    assertEquals(await server.next(type), ack(type, 9, 0x87, properties));
    client.close();
  });
}
