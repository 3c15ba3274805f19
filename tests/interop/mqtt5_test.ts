// What MQTT 5 has and both a real mosquitto and the small broker have.

import { assert, assertEquals, assertRejects } from "@std/assert";
import {
  connect,
  PublishError,
  ReasonCode,
  RequestError,
  type Subscription,
} from "../../mod.ts";
import { brokerTest } from "../support/broker_tests.ts";
import { address } from "../support/mosquitto_tests.ts";
import { take } from "../support/take.ts";

const USER = [["b", "1"], ["a", "2"], ["b", "1"]] as const;

brokerTest(
  "publish() and subscribe() carry each property of a message",
  async (broker) => {
    await using client = await connect(address(broker.tcp));
    const messages = await client.subscribe("mqtt5/properties", {
      qos: 1,
      properties: { subscriptionIdentifier: 9 },
    });
    const properties = {
      payloadFormatIndicator: 1,
      contentType: "text/plain",
      responseTopic: "mqtt5/reply",
      correlationData: Uint8Array.of(0, 255),
      userProperties: USER,
    } as const;
    await client.publish("mqtt5/properties", "é", {
      qos: 1,
      properties: { ...properties, messageExpiryInterval: 60 },
    });
    const [message] = await take(messages, 1);
    assertEquals(message?.text(), "é");
    const { messageExpiryInterval = 0, ...rest } = message?.properties ?? {};
    assert(messageExpiryInterval > 0 && messageExpiryInterval <= 60);
    assertEquals(rest, { ...properties, subscriptionIdentifiers: [9] });
  },
);

brokerTest(
  "publish() tells that nobody has subscribed, and names many topics by alias",
  async (broker) => {
    await using client = await connect(address(broker.tcp), {
      properties: { topicAliasMaximum: 5 },
    });
    const result = await client.publish("mqtt5/nobody", "", { qos: 1 });
    assertEquals(result?.reasonCode, ReasonCode.noMatchingSubscribers);
    const messages = await client.subscribe("mqtt5/alias/#", { qos: 1 });
    const topics = Array.from({ length: 40 }, (_, at) => `mqtt5/alias/${at}`);
    const sent = [...topics, ...topics];
    for (const topic of sent) await client.publish(topic, "", { qos: 1 });
    const got = await take(messages, sent.length);
    assertEquals(got.map(({ topic }) => topic), sent);
  },
);

brokerTest(
  "request() and serve() find each other, and nobody is told of",
  async (broker) => {
    await using server = await connect(address(broker.tcp));
    await using client = await connect(address(broker.tcp));
    await server.serve(
      "mqtt5/upper",
      (request) => request.text().toUpperCase(),
      { qos: 1 },
    );
    for (const [qos, replyQos] of [[0, 0], [1, 1], [2, 2]] as const) {
      const options = { qos, replyQos };
      const reply = await client.request("mqtt5/upper", `at ${qos}`, options);
      assertEquals(reply.text(), `AT ${qos}`);
    }
    await assertRejects(
      () => client.request("mqtt5/silence", "", { qos: 1 }),
      RequestError,
      "nobody is subscribed",
    );
  },
);

brokerTest(
  "subscribe() with shared gives each message to one of a group",
  async (broker) => {
    await using one = await connect(address(broker.tcp));
    await using other = await connect(address(broker.tcp));
    const got: string[] = [];
    const options = {
      qos: 1,
      shared: "group",
      onMessage: ({ topic }: { topic: string }) => void got.push(topic),
    } as const;
    await one.subscribe("mqtt5/shared/+", options);
    await other.subscribe("mqtt5/shared/+", options);
    const mark = await one.subscribe("mqtt5/mark", { qos: 1 });
    const markToo = await other.subscribe("mqtt5/mark", { qos: 1 });
    const topics = Array.from({ length: 20 }, (_, at) => `mqtt5/shared/${at}`);
    for (const topic of topics) await one.publish(topic, "", { qos: 1 });
    await one.publish("mqtt5/mark", "", { qos: 1 });
    await Promise.all([take(mark, 1), take(markToo, 1)]);
    assertEquals(got.toSorted(), topics.toSorted());
  },
);

brokerTest(
  "disconnect() says how long the session is kept, and has the will published",
  async (broker) => {
    const url = address(broker.tcp);
    const options = {
      clientId: `mqtt5-${crypto.randomUUID().slice(0, 8)}`,
      will: { topic: "mqtt5/will", payload: "gone", qos: 1 },
    } as const;
    await using watcher = await connect(url);
    const wills = await watcher.subscribe("mqtt5/will", { qos: 1 });
    const first = await connect(url, options);
    await first.disconnect({
      reasonCode: ReasonCode.disconnectWithWillMessage,
      properties: { sessionExpiryInterval: 60 },
    });
    assertEquals((await take(wills, 1)).map((m) => m.text()), ["gone"]);
    const second = await connect(url, { ...options, cleanStart: false });
    assertEquals(second.connection.sessionPresent, true);
    await second.disconnect({ properties: { sessionExpiryInterval: 0 } });
    const third = await connect(url, { ...options, cleanStart: false });
    assertEquals(third.connection.sessionPresent, false);
    await third.disconnect({ properties: { sessionExpiryInterval: 0 } });
  },
);

brokerTest(
  "noLocal, retainAsPublished and retainHandling are kept to",
  async (broker) => {
    await using client = await connect(address(broker.tcp));
    await using other = await connect(address(broker.tcp));
    await other.publish("mqtt5/options", "old", { qos: 1, retain: true });
    const messages = await client.subscribe("mqtt5/options", {
      qos: 1,
      noLocal: true,
      retainAsPublished: true,
      retainHandling: 2,
    });
    await client.publish("mqtt5/options", "mine", { qos: 1 });
    await other.publish("mqtt5/options", "new", { qos: 1, retain: true });
    const [message] = await take(messages, 1);
    assertEquals([message?.text(), message?.retain], ["new", true]);
    await other.publish("mqtt5/options", "", { qos: 1, retain: true });
  },
);

brokerTest(
  "a payload that is not UTF-8 though announced so does not leave",
  async (broker) => {
    await using client = await connect(address(broker.tcp));
    const error = await client.publish("mqtt5/text", Uint8Array.of(0xFF), {
      qos: 1,
      properties: { payloadFormatIndicator: 1 },
    }).catch((error) => error);
    assertEquals([error instanceof TypeError, error instanceof PublishError], [
      true,
      false,
    ]);
  },
);

brokerTest(
  "subscribe() gives each of several overlapping loops each message once",
  async (broker) => {
    await using client = await connect(address(broker.tcp));
    const filters = ["overlap/#", "overlap/a", "overlap/+", "+/a"];
    const loops: Subscription[] = [];
    for (const [index, filter] of filters.entries()) {
      const qos = index % 2 === 0 ? 1 : 0;
      loops.push(await client.subscribe(filter, { qos }));
    }
    const came = loops.map(async (loop) => {
      const payloads: string[] = [];
      for await (const message of loop) {
        assertEquals(message.properties, {});
        if (message.text() === "end") break;
        payloads.push(`${message.topic} ${message.text()}`);
      }
      return payloads.sort();
    });
    for (const qos of [0, 1, 2] as const) {
      for (const topic of ["overlap/a", "overlap/a/b", "overlap/b"]) {
        await client.publish(topic, `${qos}`, { qos });
      }
    }
    await client.publish("overlap/a", "end", { qos: 1 });
    const lines = (topics: string[]) =>
      topics.flatMap((topic) => [0, 1, 2].map((qos) => `${topic} ${qos}`));
    assertEquals(await Promise.all(came), [
      lines(["overlap/a", "overlap/a/b", "overlap/b"]),
      lines(["overlap/a"]),
      lines(["overlap/a", "overlap/b"]),
      lines(["overlap/a"]),
    ]);
  },
);

brokerTest(
  "subscribe() has retained messages go to the loops of its filter alone",
  async (broker) => {
    await using client = await connect(address(broker.tcp));
    const retain = true;
    await client.publish("kept/a", "retained", { qos: 1, retain });
    const collect = async (loop: Subscription) => {
      const payloads: string[] = [];
      for await (const message of loop) {
        payloads.push(message.text());
        if (message.text() === "live") break;
      }
      return payloads;
    };
    const first = collect(await client.subscribe("kept/#", { qos: 1 }));
    const second = collect(await client.subscribe("kept/a", { qos: 1 }));
    await client.publish("kept/a", "live", { qos: 1 });
    const both = ["retained", "live"];
    assertEquals(await Promise.all([first, second]), [both, both]);
    await client.publish("kept/a", "", { qos: 1, retain });
  },
);
