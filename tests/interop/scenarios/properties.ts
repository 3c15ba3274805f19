// What MQTT 5 lets a message carry, and request and response.

import { assert, assertEquals, assertRejects } from "@std/assert";
import {
  type PublishProperties,
  ReasonCode,
  RequestError,
  SubscribeError,
} from "../../../mod.ts";
import { FORBIDDEN } from "../servers/server.ts";
import { PacketLog } from "./packet_log.ts";
import { take, textsUntil } from "./messages.ts";
import { isGone } from "./publishing.ts";
import { NotOffered, offered, type ScenarioGroup, since } from "./scenario.ts";
import type { Stage } from "./stage.ts";

const USER = [["b", "1"], ["a", "2"], ["b", "1"], ["é", ""]] as const;

export const PROPERTIES: ScenarioGroup = {
  title: "Properties",
  scenarios: since(5, {
    "User Properties keep their order and their duplicates": (stage) =>
      carries(stage, { userProperties: USER }),

    "Content Type and Payload Format Indicator are carried": (stage) =>
      carries(stage, { contentType: "text/plain", payloadFormatIndicator: 1 }),

    "Response Topic and Correlation Data are carried": (stage) =>
      carries(stage, {
        responseTopic: `${stage.topic}/reply`,
        correlationData: Uint8Array.of(0, 255, 1),
      }),

    async "A retained message carries its properties"(stage) {
      const { topic } = stage;
      const client = await stage.connect();
      const properties = {
        contentType: "text/plain",
        correlationData: Uint8Array.of(0, 255),
        userProperties: USER,
      };
      await client.publish(topic, "kept", { qos: 1, retain: true, properties });
      const later = await stage.connect();
      const messages = await later.subscribe(topic, { qos: 1 });
      const [message] = await take(messages, 1);
      const { subscriptionIdentifiers: _, ...rest } = message?.properties ?? {};
      assertEquals(rest, properties);
    },

    async "A Message Expiry Interval comes less the time that the message has waited"(
      stage,
    ) {
      const { topic } = stage;
      const client = await stage.connect();
      const messages = await client.subscribe(topic, { qos: 1 });
      await client.publish(topic, "", {
        ...{ qos: 1, properties: { messageExpiryInterval: 600 } },
      });
      const [message] = await take(messages, 1);
      const { messageExpiryInterval = 0 } = message?.properties ?? {};
      assert(messageExpiryInterval > 500 && messageExpiryInterval <= 600);
    },

    async "A message whose Message Expiry Interval is over is not delivered"(
      stage,
    ) {
      const { topic, clientId } = stage;
      const away = await stage.connect({ clientId, cleanStart: false });
      await away.subscribe(`${topic}/+`, { qos: 1 });
      await away.disconnect();
      const client = await stage.connect();
      await client.publish(`${topic}/a`, "over", {
        ...{ qos: 1, properties: { messageExpiryInterval: 1 } },
      });
      await client.publish(`${topic}/a`, "end", { qos: 1 });
      // By the server's own clock the other one's time is over when this one is gone.
      const timer = `${topic}/timer/a`;
      await client.publish(timer, "timer", {
        ...{ qos: 1, retain: true, properties: { messageExpiryInterval: 2 } },
      });
      await isGone(stage, timer);
      const back = await stage.connect({ clientId, cleanStart: false });
      assertEquals(await textsUntil(back, "end"), ["end"]);
    },

    async "A publisher names a topic by a Topic Alias"(stage) {
      const { topic } = stage;
      const log = new PacketLog();
      const from = await stage.connect({}, { log });
      const { topicAliasMaximum } = from.connection;
      offered(topicAliasMaximum > 0, "CONNACK: Topic Alias Maximum is 0");
      const to = await stage.connect();
      const messages = await to.subscribe(`${topic}/+`, { qos: 1 });
      // More names than aliases, each of them twice in a row.
      const names = Array.from(
        { length: Math.min(topicAliasMaximum, 50) + 5 },
        (_, at) => `${topic}/${at}`,
      ).flatMap((name) => [name, name]);
      for (const name of names) await from.publish(name, "", { qos: 1 });
      const taken = await take(messages, names.length);
      assertEquals(taken.map((message) => message.topic), names);
      const isByAlias = ({ topicName }: { topicName: string }) =>
        topicName === "";
      assert(log.all("client", "publish").filter(isByAlias).length > 5);
    },

    async "The server names a topic by a Topic Alias"(stage) {
      const { topic } = stage;
      const log = new PacketLog();
      const to = await stage.connect({
        properties: { topicAliasMaximum: 5 },
      }, { log });
      const messages = await to.subscribe(`${topic}/+`, { qos: 1 });
      const from = await stage.connect();
      const names = Array.from({ length: 8 }, (_, at) => `${topic}/${at}`)
        .flatMap((name) => [name, name]);
      for (const name of names) await from.publish(name, "", { qos: 1 });
      const taken = await take(messages, names.length);
      assertEquals(taken.map((message) => message.topic), names);
      offered(
        log.all("server", "publish").some(({ properties }) =>
          properties.topicAlias !== undefined
        ),
        "each PUBLISH has its Topic Name, though our Topic Alias Maximum is 5",
      );
    },

    async "request() and serve() find each other at each QoS"(stage) {
      const { topic } = stage;
      const server = await stage.connect();
      const client = await stage.connect();
      const upper = (request: { text(): string }) =>
        request.text().toUpperCase();
      await server.serve(topic, upper, { qos: 2 });
      for (const qos of [0, 1, 2] as const) {
        const options = { qos, replyQos: qos };
        const reply = await client.request(topic, `at ${qos}`, options);
        assertEquals(reply.text(), `AT ${qos}`);
        assertEquals(reply.qos, qos);
      }
    },

    async "request() is told that nobody serves"(stage) {
      const { topic } = stage;
      const client = await stage.connect();
      const nobody = await client.publish(topic, "", { qos: 1 });
      offered(nobody?.reasonCode !== 0, "PUBACK says 0x00");
      const error = await assertRejects(
        () => client.request(topic, "", { qos: 1 }),
        RequestError,
      );
      assertEquals(error.reasonCode, ReasonCode.noMatchingSubscribers);
    },

    async "request() begins its Response Topic with the Response Information"(
      stage,
    ) {
      const { topic } = stage;
      const client = await stage.connect({
        properties: { requestResponseInformation: true },
      });
      const { responseInformation = "" } = client.connection.properties;
      offered(responseInformation, "CONNACK has no Response Information");
      const server = await stage.connect();
      await server.serve(
        topic,
        ({ properties }) => properties.responseTopic ?? "",
      );
      const reply = await client.request(topic, "", { timeoutMs: 5_000 });
      assert(reply.text().startsWith(responseInformation), reply.text());
    },

    async "A refusal has a Reason String"(stage) {
      offered(await explanation(stage, true), "SUBACK has a Reason Code alone");
    },

    async "Request Problem Information 0 keeps Reason Strings away"(stage) {
      offered(await explanation(stage, true), "there are none to keep away");
      assertEquals(await explanation(stage, false), undefined);
    },
  }),
};

/** What the server says to a filter that it refuses, besides the code. */
async function explanation(
  stage: Stage,
  requestProblemInformation: boolean,
): Promise<string | undefined> {
  const client = await stage.connect({
    properties: { requestProblemInformation },
  });
  try {
    await client.subscribe(`${FORBIDDEN}/a`);
  } catch (error) {
    if (error instanceof SubscribeError) return error.reasonString;
    throw error;
  }
  throw new NotOffered("SUBACK grants what is forbidden");
}

/** The properties arrive as they were sent. */
async function carries(
  stage: Stage,
  properties: PublishProperties,
): Promise<void> {
  const { topic } = stage;
  const from = await stage.connect();
  const to = await stage.connect();
  const messages = await to.subscribe(topic, { qos: 2 });
  for (const qos of [0, 1, 2] as const) {
    await from.publish(topic, "é", { qos, properties });
    const [message] = await take(messages, 1);
    assertEquals(message?.text(), "é");
    const { subscriptionIdentifiers: _, ...rest } = message?.properties ?? {};
    assertEquals(rest, properties);
  }
}
