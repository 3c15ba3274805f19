// What the server says no with, and what it adds to that, is in the error of each call.

import { assertEquals, assertInstanceOf, assertRejects } from "@std/assert";
import {
  ConnectError,
  ConnectionLostError,
  DisconnectedError,
  PublishError,
  ReasonCode,
  SubscribeError,
  UnsubscribeError,
} from "../../mod.ts";
import { ack, connack, suback, unsuback } from "./packets.ts";
import { connected, dial } from "./server.ts";

/** What the server adds, user properties in an order of their own and one of them twice. */
const ADDED = {
  reasonString: "no, thank you",
  userProperties: [["b", "1"], ["a", "2"], ["b", "1"]],
} as const;

const { notAuthorized } = ReasonCode;

function assertRefusal(error: {
  reasonCode: number | undefined;
  reasonName: string | undefined;
  reasonString: string | undefined;
  userProperties: unknown;
}): void {
  const { reasonCode, reasonName, reasonString, userProperties } = error;
  assertEquals({ reasonCode, reasonName, reasonString, userProperties }, {
    reasonCode: notAuthorized,
    reasonName: "not authorized",
    ...ADDED,
  });
}

Deno.test("ConnectError has Reason Code, its name, Reason String and User Properties of CONNACK", async () => {
  const { connecting, listener } = dial();
  const server = await listener.accept();
  await server.next("connect");
  server.send(connack({ reasonCode: notAuthorized, properties: ADDED }));
  assertRefusal(await assertRejects(() => connecting, ConnectError));
});

Deno.test("PublishError has Reason Code, its name, Reason String and User Properties of PUBACK and PUBREC", async () => {
  const { client, server } = await connected();
  for (const qos of [1, 2] as const) {
    const publishing = client.publish("a", "", { qos });
    const { packetId } = await server.next("publish");
    const type = qos === 1 ? "puback" : "pubrec";
    server.send(ack(type, packetId, notAuthorized, ADDED));
    const error = await assertRejects(() => publishing, PublishError);
    assertEquals(error.delivery, "refused");
    assertRefusal(error);
  }
  client.close();
});

Deno.test("PublishError has the name of the limit's Reason Code where nothing was sent", async () => {
  const { client } = await connected({}, { properties: { maximumQoS: 0 } });
  const error = await assertRejects(
    () => client.publish("a", "", { qos: 1 }),
    PublishError,
    "the server's Maximum QoS is 0",
  );
  assertEquals([error.reasonCode, error.reasonName, error.delivery], [
    ReasonCode.qosNotSupported,
    "QoS not supported",
    "not-sent",
  ]);
  client.close();
});

Deno.test("SubscribeError has Reason Code, its name, Reason String and User Properties of SUBACK", async () => {
  const { client, server } = await connected();
  const subscribing = client.subscribe("a");
  const { packetId } = await server.next("subscribe");
  server.send(suback(packetId, [notAuthorized], ADDED));
  assertRefusal(await assertRejects(() => subscribing, SubscribeError));
  client.close();
});

Deno.test("UnsubscribeError has Reason Code, its name, Reason String and User Properties of UNSUBACK", async () => {
  const { client, server } = await connected();
  const leaving = client.unsubscribe("a");
  const { packetId } = await server.next("unsubscribe");
  server.send(unsuback(packetId, [notAuthorized], ADDED));
  const error = await assertRejects(() => leaving, UnsubscribeError);
  assertEquals(error.reasonCodes, [notAuthorized]);
  assertRefusal(error);
  client.close();
});

Deno.test("DisconnectedError has Reason Code, its name, Reason String and User Properties of DISCONNECT, for all who wait", async () => {
  const { client, server } = await connected({ reconnect: false });
  const publishing = client.publish("a", "", { qos: 1 });
  await server.next("publish");
  server.send({
    type: "disconnect",
    reasonCode: notAuthorized,
    properties: ADDED,
  });
  const error = await assertRejects(() => publishing, DisconnectedError);
  assertRefusal(error);
  assertEquals([error.name, error.delivery], ["DisconnectedError", "unknown"]);
  const cause = await client.closed;
  assertInstanceOf(cause, DisconnectedError);
  assertInstanceOf(cause, ConnectionLostError);
  assertRefusal(cause);
});

Deno.test("ConnectionLostError is no DisconnectedError where the wire just ends", async () => {
  const { client, server } = await connected({ reconnect: false });
  server.close();
  const cause = await client.closed;
  assertInstanceOf(cause, ConnectionLostError);
  assertEquals([cause instanceof DisconnectedError, cause.name], [
    false,
    "ConnectionLostError",
  ]);
});
