// What mosquitto_pub publishes, as we get it.

import { assert, assertEquals } from "@std/assert";
import { connect, type Message } from "../../mod.ts";
import { brokerTest } from "../support/broker_tests.ts";
import { address } from "../support/mosquitto_tests.ts";
import { mosquittoPub, VERSIONS } from "../support/mosquitto_clients.ts";
import { take } from "../support/take.ts";

/** What a test compares of a message. */
function plain(message: Message): unknown[] {
  return [message.topic, message.qos, message.retain, message.text()];
}

for (const protocolVersion of VERSIONS) {
  const V = `under version ${protocolVersion}`;

  brokerTest(
    `subscribe() gets what mosquitto_pub sends at QoS 0, 1 and 2 ${V}`,
    async (broker) => {
      const topic = `subscribe/qos/${protocolVersion}`;
      await using client = await connect(address(broker.tcp), {
        protocolVersion,
      });
      const messages = await client.subscribe(topic, { qos: 2 });
      for (const qos of [0, 1, 2]) {
        await mosquittoPub(broker, protocolVersion, [
          ...["-t", topic, "-q", `${qos}`, "-m", `at ${qos}`],
        ]);
      }
      assertEquals((await take(messages, 3)).map(plain), [
        [topic, 0, false, "at 0"],
        [topic, 1, false, "at 1"],
        [topic, 2, false, "at 2"],
      ]);
    },
  );

  brokerTest(
    `subscribe() tells the granted QoS, and the server keeps to it ${V}`,
    async (broker) => {
      const topic = `subscribe/granted/${protocolVersion}`;
      await using client = await connect(address(broker.tcp), {
        protocolVersion,
      });
      const atMost = await client.subscribe(topic, { qos: 1 });
      assertEquals(atMost.granted, [1]);
      await mosquittoPub(broker, protocolVersion, [
        ...["-t", topic, "-q", "2", "-m", "lowered"],
      ]);
      assertEquals((await take(atMost, 1)).map(plain), [
        [topic, 1, false, "lowered"],
      ]);
    },
  );

  brokerTest(
    `subscribe() gets retained messages, marked so ${V}`,
    async (broker) => {
      const topic = `subscribe/retained/${protocolVersion}`;
      await mosquittoPub(broker, protocolVersion, [
        ...["-t", topic, "-r", "-q", "1", "-m", "kept"],
      ]);
      await using client = await connect(address(broker.tcp), {
        protocolVersion,
      });
      const messages = await client.subscribe(topic, { qos: 1 });
      await mosquittoPub(broker, protocolVersion, ["-t", topic, "-m", "live"]);
      assertEquals((await take(messages, 2)).map(plain), [
        [topic, 1, true, "kept"],
        [topic, 0, false, "live"],
      ]);
    },
  );

  brokerTest(
    `subscribe() with wildcards gets what matches, each loop its own ${V}`,
    async (broker) => {
      const root = `subscribe/wildcards/${protocolVersion}`;
      await using client = await connect(address(broker.tcp), {
        protocolVersion,
      });
      const oneLevel = await client.subscribe(`${root}/+/temperature`);
      const below = await client.subscribe(`${root}/kitchen/#`);
      for (
        const name of [
          "kitchen",
          "kitchen/temperature",
          "hall/temperature",
          "hall/a/temperature",
          "kitchen/a/b",
          "cellar/temperature",
        ]
      ) {
        await client.publish(`${root}/${name}`, name, { qos: 1 });
      }
      const texts = (messages: Message[]) =>
        messages.map((message) => message.text());
      // Overlapping subscriptions may bring a message once or twice (3.3.5): the
      // server's choice, so a repetition counts once.
      const unique = (names: string[]) => [...new Set(names)];
      const [first, second] = await Promise.all([
        takeUntil(oneLevel, "cellar/temperature"),
        takeUntil(below, "kitchen/a/b"),
      ]);
      assertEquals(unique(texts(first)), [
        "kitchen/temperature",
        "hall/temperature",
        "cellar/temperature",
      ]);
      assertEquals(unique(texts(second)), [
        "kitchen",
        "kitchen/temperature",
        "kitchen/a/b",
      ]);
    },
  );

  brokerTest(
    `unsubscribe() ends the loop and the flow ${V}`,
    async (broker) => {
      const topic = `subscribe/left/${protocolVersion}`;
      await using client = await connect(address(broker.tcp), {
        protocolVersion,
      });
      const left = await client.subscribe(topic, { qos: 1 });
      await left.unsubscribe();
      for await (const message of left) {
        assert(false, `unexpected: ${message.text()}`);
      }
      const marker = await client.subscribe(`${topic}/marker`, { qos: 1 });
      await client.publish(topic, "unheard", { qos: 1 });
      await client.publish(`${topic}/marker`, "heard", { qos: 1 });
      assertEquals((await take(marker, 1)).map(plain), [
        [`${topic}/marker`, 1, false, "heard"],
      ]);
    },
  );

  brokerTest(
    `onMessage and the client's own loop get messages too ${V}`,
    async (broker) => {
      const topic = `subscribe/callback/${protocolVersion}`;
      const heard = Promise.withResolvers<string>();
      await using client = await connect(address(broker.tcp), {
        protocolVersion,
        onMessage: ({ topic, payload }) => {
          heard.resolve(`${topic} ${new TextDecoder().decode(payload)}`);
        },
      });
      await client.subscribe(topic);
      await mosquittoPub(broker, protocolVersion, [
        "-t",
        topic,
        "-m",
        "called",
      ]);
      assertEquals(await heard.promise, `${topic} called`);

      await using looping = await connect(address(broker.tcp), {
        protocolVersion,
      });
      await looping.subscribe(topic, { qos: 2 });
      await mosquittoPub(broker, protocolVersion, [
        ...["-t", topic, "-q", "2", "-m", "looped"],
      ]);
      assertEquals((await take(looping, 1)).map(plain), [
        [topic, 2, false, "looped"],
      ]);
    },
  );
}

brokerTest(
  "Message has every property that mosquitto_pub sets",
  async (broker) => {
    await using client = await connect(address(broker.tcp), {
      protocolVersion: 5,
    });
    const messages = await client.subscribe("subscribe/properties", { qos: 1 });
    await mosquittoPub(broker, 5, [
      ...["-t", "subscribe/properties", "-m", "{}", "-q", "1"],
      ...["-D", "publish", "content-type", "application/json"],
      ...["-D", "publish", "correlation-data", "request-7"],
      ...["-D", "publish", "payload-format-indicator", "1"],
      ...["-D", "publish", "response-topic", "reply/7"],
      ...["-D", "publish", "message-expiry-interval", "600"],
      ...["-D", "publish", "user-property", "b", "1"],
      ...["-D", "publish", "user-property", "a", "2"],
      ...["-D", "publish", "user-property", "b", "3"],
    ]);
    const [message] = await take(messages, 1);
    assert(message);
    const { messageExpiryInterval, subscriptionIdentifiers: _, ...rest } =
      message.properties;
    assertEquals(rest, {
      contentType: "application/json",
      correlationData: new TextEncoder().encode("request-7"),
      payloadFormatIndicator: 1,
      responseTopic: "reply/7",
      userProperties: [["b", "1"], ["a", "2"], ["b", "3"]],
    });
    // The server takes off what the message has waited.
    assert(
      messageExpiryInterval !== undefined && messageExpiryInterval > 590 &&
        messageExpiryInterval <= 600,
    );
  },
);

/** Takes up to and with the message of this text. */
async function takeUntil(
  messages: AsyncIterable<Message>,
  text: string,
): Promise<Message[]> {
  const taken: Message[] = [];
  for await (const message of messages) {
    taken.push(message);
    if (message.text() === text) break;
  }
  return taken;
}
