// What a subscription brings, what it does not, and who may not have one.

import { assert, assertEquals, assertRejects } from "@std/assert";
import { PublishError, SubscribeError } from "../../../mod.ts";
import { FORBIDDEN } from "../servers/server.ts";
import { PacketLog } from "./packet_log.ts";
import { plain, take, textsUntil } from "./messages.ts";
import { offered, type ScenarioGroup, since } from "./scenario.ts";
import type { Stage } from "./stage.ts";

const LEVELS = ["", "/a", "/a/b", "/b", "/b/b", "/a/b/c"];

export const SUBSCRIBING: ScenarioGroup = {
  title: "Subscribing",
  scenarios: [
    ...since(3, {
      async "Wildcards bring what they match, and no more"(stage) {
        const { topic } = stage;
        const client = await stage.connect();
        const filters = {
          "/+": ["/a", "/b"],
          "/+/b": ["/a/b", "/b/b"],
          "/a/#": ["/a", "/a/b", "/a/b/c"],
          "/#": LEVELS,
        };
        for (const [filter, expected] of Object.entries(filters)) {
          const messages = await client.subscribe(
            [`${topic}${filter}`, `${topic}/end/of/it/all`],
            { qos: 1 },
          );
          for (const level of LEVELS) {
            await client.publish(`${topic}${level}`, level, { qos: 1 });
          }
          await client.publish(`${topic}/end/of/it/all`, "end", { qos: 1 });
          const texts = await textsUntil(messages, "end");
          assertEquals(texts, [...expected, "end"], filter);
          await messages.unsubscribe();
        }
      },

      async "Filters that overlap bring each message to each loop"(stage) {
        const { topic } = stage;
        const client = await stage.connect();
        const loops = [
          await client.subscribe(`${topic}/#`, { qos: 1 }),
          await client.subscribe(`${topic}/+`, { qos: 1 }),
        ];
        const looping = loops.map((loop) => textsUntil(loop, "end"));
        for (const text of ["one", "two", "end"]) {
          await client.publish(`${topic}/a`, text, { qos: 1 });
        }
        for (const texts of await Promise.all(looping)) {
          // A server may send a copy for each filter (3.3.5).
          assertEquals([...new Set(texts)], ["one", "two", "end"]);
        }
      },

      async "A message comes at no higher QoS than was granted"(stage) {
        const { topic } = stage;
        const client = await stage.connect();
        const messages = await client.subscribe(topic, { qos: 0 });
        await client.publish(topic, "at 1", { qos: 1 });
        assertEquals((await take(messages, 1)).map(plain), [
          [topic, 0, false, "at 1"],
        ]);
      },

      async "A hundred filters are granted by one SUBSCRIBE"(stage) {
        const { topic } = stage;
        const client = await stage.connect();
        const topics = Array.from({ length: 100 }, (_, at) => `${topic}/${at}`);
        const messages = await client.subscribe(topics, { qos: 1 });
        assertEquals(messages.granted, topics.map(() => 1));
        for (const one of topics) await client.publish(one, "", { qos: 1 });
        const taken = await take(messages, topics.length);
        assertEquals(taken.map((message) => message.topic), topics);
      },

      async "unsubscribe() ends what a filter brings"(stage) {
        const { topic } = stage;
        const client = await stage.connect();
        const messages = await client.subscribe(topic, { qos: 1 });
        const looping = Array.fromAsync(messages, (message) => message.text());
        await client.publish(topic, "before", { qos: 1 });
        await messages.unsubscribe();
        const marks = await client.subscribe(`${topic}/mark`, { qos: 1 });
        await client.publish(topic, "after", { qos: 1 });
        await client.publish(`${topic}/mark`, "mark", { qos: 1 });
        await take(marks, 1);
        assertEquals(await looping, ["before"]);
        assertEquals(client.stats().unclaimed, 0);
      },
    }),

    ...since(4, {
      async "A filter is refused in SUBACK, and the others of the SUBSCRIBE are not"(
        stage,
      ) {
        const client = await stage.connect();
        const filters = [stage.topic, `${FORBIDDEN}/a`];
        const messages = await client.subscribe(filters, {
          ...{ qos: 1, partial: true },
        });
        offered(
          messages.granted.some((code) => code >= 0x80),
          "SUBACK grants what is forbidden",
        );
        const [granted, refusal = 0] = messages.granted;
        assertEquals(granted, 1);
        // Not authorized, or a filter that is not for this client.
        const refusals = stage.protocolVersion === 5 ? [0x87, 0x8F] : [0x80];
        assert(refusals.includes(refusal), `${refusal}`);
        await client.publish(stage.topic, "heard", { qos: 1 });
        assertEquals((await take(messages, 1))[0]?.text(), "heard");
        await assertRejects(
          () => client.subscribe(`${FORBIDDEN}/b`),
          SubscribeError,
        );
      },
    }),

    ...since(5, {
      "A publish is refused in PUBACK, and the connection goes on": (stage) =>
        isRefused(stage, 1),

      "A publish is refused in PUBREC, and the connection goes on": (stage) =>
        isRefused(stage, 2),

      async "UNSUBACK says that there was no such subscription (0x11)"(stage) {
        const client = await stage.connect();
        await client.subscribe(stage.topic);
        const filters = [stage.topic, `${stage.topic}/none`];
        const [left, none] = await client.unsubscribe(filters);
        assertEquals(left, 0);
        offered(none !== 0, "UNSUBACK says 0x00");
        assertEquals(none, 0x11);
      },

      async "No Local keeps a client's own messages from it"(stage) {
        const { topic } = stage;
        const client = await stage.connect();
        const other = await stage.connect();
        const messages = await client.subscribe(topic, {
          ...{ qos: 1, noLocal: true },
        });
        await client.publish(topic, "mine", { qos: 1 });
        await other.publish(topic, "yours", { qos: 1 });
        assertEquals(await textsUntil(messages, "yours"), ["yours"]);
      },

      async "Members of a group share its messages"(stage) {
        const { topic } = stage;
        const got: string[] = [];
        const publisher = await stage.connect();
        offered(
          publisher.connection.sharedSubscriptionAvailable,
          "CONNACK: Shared Subscription Available is 0",
        );
        const all = await publisher.subscribe(`${topic}/+`, { qos: 1 });
        const names = Array.from({ length: 20 }, (_, at) => `${at}`);
        const { promise, resolve } = Promise.withResolvers<void>();
        const onMessage = (message: { text(): string }) => {
          if (got.push(message.text()) === names.length) resolve();
        };
        for (const _ of [1, 2]) {
          const member = await stage.connect();
          await member.subscribe(`${topic}/+`, {
            ...{ qos: 1, shared: "group", onMessage },
          });
        }
        for (const name of names) {
          await publisher.publish(`${topic}/${name}`, name, { qos: 1 });
        }
        await Promise.all([take(all, names.length), promise]);
        // Whoever gets none, no message is had by both.
        assertEquals(got.toSorted(), names.toSorted());
      },

      async "A Subscription Identifier comes with what its filter brings"(
        stage,
      ) {
        const { topic } = stage;
        const log = new PacketLog();
        const client = await stage.connect({}, { log });
        offered(
          client.connection.subscriptionIdentifiersAvailable,
          "CONNACK: Subscription Identifiers Available is 0",
        );
        const messages = await client.subscribe(`${topic}/+`, {
          ...{ qos: 1, properties: { subscriptionIdentifier: 7 } },
        });
        const also = await client.subscribe(`${topic}/a`, {
          ...{ qos: 1, properties: { subscriptionIdentifier: 300_000 } },
        });
        const looping = [
          textsUntil(messages, "first"),
          textsUntil(also, "both"),
        ];
        await client.publish(`${topic}/a`, "both", { qos: 1 });
        await client.publish(`${topic}/b`, "first", { qos: 1 });
        await Promise.all(looping);
        const identifiers = log.all("server", "publish").map((
          publish,
        ) => [...publish.properties.subscriptionIdentifiers ?? []]);
        assertEquals(identifiers.pop(), [7]);
        // In one message or in two (3.3.5).
        assertEquals(identifiers.flat().toSorted((a, b) => a - b), [
          7,
          300_000,
        ]);
        assert(identifiers.every((list) => list.length > 0));
      },
    }),
  ],
};

/** Not authorized, or a topic that is not for this client. */
const PUBLISH_REFUSALS = [0x87, 0x90];

async function isRefused(stage: Stage, qos: 1 | 2): Promise<void> {
  const client = await stage.connect();
  const error = await assertRejects(
    () => client.publish(`${FORBIDDEN}/a`, "", { qos }),
    PublishError,
  );
  assertEquals(error.delivery, "refused");
  assert(PUBLISH_REFUSALS.includes(error.reasonCode ?? 0), error.message);
  await client.publish(stage.topic, "goes on", { qos });
}
