// What we publish, as mosquitto_sub gets it.

import { assertEquals } from "@std/assert";
import { connect } from "../../mod.ts";
import { brokerTest } from "../support/broker_tests.ts";
import { address } from "../support/mosquitto_tests.ts";
import { mosquittoSub, VERSIONS } from "../support/mosquitto_clients.ts";
import { take } from "../support/take.ts";

for (const protocolVersion of VERSIONS) {
  const V = `under version ${protocolVersion}`;

  brokerTest(
    `publish() reaches mosquitto_sub at QoS 0, 1 and 2 ${V}`,
    async (broker) => {
      const topic = `publish/qos/${protocolVersion}`;
      await using subscriber = await mosquittoSub(broker, protocolVersion, {
        filters: [topic],
        qos: 2,
        count: 3,
        format: "%t %q %r %p",
      });
      await using client = await connect(address(broker.tcp), {
        protocolVersion,
      });
      assertEquals(client.connection.protocolVersion, protocolVersion);

      const atQoS0 = await client.publish(topic, "none");
      const atQoS1 = await client.publish(topic, "one", { qos: 1 });
      const atQoS2 = await client.publish(topic, "two", { qos: 2 });

      assertEquals(atQoS0, undefined);
      assertEquals(atQoS1?.reasonCode, 0);
      assertEquals(atQoS2?.reasonCode, 0);
      assertEquals(await subscriber.lines(), [
        `${topic} 0 0 none`,
        `${topic} 1 0 one`,
        `${topic} 2 0 two`,
      ]);
    },
  );

  brokerTest(
    `publish() takes topic and payload beyond ASCII, and an empty payload ${V}`,
    async (broker) => {
      const topic = `publish/utf8/${protocolVersion}/Grüße/日本`;
      await using subscriber = await mosquittoSub(broker, protocolVersion, {
        filters: [topic],
        count: 3,
        format: "%t %l %x",
      });
      await using client = await connect(address(broker.tcp), {
        protocolVersion,
      });
      await client.publish(topic, "é😀");
      await client.publish(topic, "");
      await client.publish(topic, new Uint8Array([0x00, 0xff, 0x0a]));
      assertEquals(await subscriber.lines(), [
        `${topic} 6 c3a9f09f9880`,
        `${topic} 0 `,
        `${topic} 3 00ff0a`,
      ]);
    },
  );

  brokerTest(
    `publish() with retain is kept by the server until an empty one clears it ${V}`,
    async (broker) => {
      const topic = `publish/retained/${protocolVersion}`;
      await using client = await connect(address(broker.tcp), {
        protocolVersion,
      });
      await client.publish(topic, "kept", { qos: 1, retain: true });
      await using before = await mosquittoSub(broker, protocolVersion, {
        filters: [topic],
        qos: 1,
        count: 1,
        format: "%r %q %p",
      });
      assertEquals(await before.lines(), ["1 1 kept"]);

      await client.publish(topic, "", { qos: 1, retain: true });
      await using after = await mosquittoSub(broker, protocolVersion, {
        filters: [topic],
        qos: 1,
        count: 1,
        format: "%r %q %p",
      });
      await client.publish(topic, "live", { qos: 1 });
      assertEquals(await after.lines(), ["0 1 live"]);
    },
  );

  brokerTest(
    `publish() comes back to the client's own subscription, with its bytes ${V}`,
    async (broker) => {
      const topic = `publish/echo/${protocolVersion}`;
      await using client = await connect(address(broker.tcp), {
        protocolVersion,
      });
      const messages = await client.subscribe(topic, { qos: 2 });
      const payload = Uint8Array.from({ length: 256 }, (_, byte) => byte);
      await client.publish(topic, payload, { qos: 2 });
      const [message] = await take(messages, 1);
      assertEquals(message?.topic, topic);
      assertEquals(message?.payload, payload);
      assertEquals(message?.qos, 2);
      assertEquals(message?.dup, false);
      assertEquals(message?.retain, false);
    },
  );
}

brokerTest(
  "publish() carries every property of PUBLISH to mosquitto_sub",
  async (broker) => {
    await using subscriber = await mosquittoSub(broker, 5, {
      filters: ["publish/properties"],
      qos: 1,
      count: 1,
      format: "%C|%D|%F|%R|%P|%p",
    });
    await using client = await connect(address(broker.tcp), {
      protocolVersion: 5,
    });
    await client.publish("publish/properties", "{}", {
      qos: 1,
      properties: {
        contentType: "application/json",
        correlationData: new TextEncoder().encode("request-7"),
        payloadFormatIndicator: 1,
        responseTopic: "reply/7",
        messageExpiryInterval: 600,
        userProperties: [["b", "1"], ["a", "2"], ["b", "3"]],
      },
    });
    assertEquals(await subscriber.lines(), [
      "application/json|request-7|1|reply/7|b:1 a:2 b:3|{}",
    ]);
  },
);
