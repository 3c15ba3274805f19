// Messages of each QoS: one, many and large; retained ones; wills.

import { assert, assertEquals } from "@std/assert";
import { equals } from "@std/bytes";
import { type QoS, ReasonCode } from "../../../mod.ts";
import { noise, plain, take, textsUntil } from "./messages.ts";
import {
  offered,
  type Scenario,
  type ScenarioGroup,
  since,
} from "./scenario.ts";
import type { Stage } from "./stage.ts";

const BURST = 1_000;
const LARGE = 100 << 10;

const QOS = [0, 1, 2] as const;

/** The same for each QoS, so that a server without one is seen to have the others. */
function each(
  name: (qos: QoS) => string,
  run: (stage: Stage, qos: QoS) => Promise<void>,
): Scenario[] {
  return QOS.flatMap((qos) =>
    since(3, { [name(qos)]: (stage) => run(stage, qos) })
  );
}

export const PUBLISHING: ScenarioGroup = {
  title: "Publishing",
  scenarios: [
    ...each(
      (qos) => `A message of QoS ${qos} is published, and taken at that QoS`,
      async (stage, qos) => {
        const { topic } = stage;
        const one = await stage.connect();
        const other = await stage.connect();
        for (const [from, to] of [[one, other], [other, one]] as const) {
          await using messages = await to.subscribe(topic, { qos });
          const [granted = 0] = messages.granted;
          offered(granted === qos, `SUBACK grants QoS ${granted} only`);
          for (const text of ["one", ""]) {
            await from.publish(topic, text, { qos });
          }
          assertEquals((await take(messages, 2)).map(plain), [
            [topic, qos, false, "one"],
            [topic, qos, false, ""],
          ]);
        }
      },
    ),

    ...each(
      (qos) => `${BURST} messages of QoS ${qos} at once keep their order`,
      async (stage, qos) => {
        const { topic } = stage;
        const from = await stage.connect();
        const to = await stage.connect();
        const messages = await to.subscribe(topic, { qos });
        const lines = Array.from({ length: BURST }, (_, at) => `${at}`);
        const published = Promise.all(
          lines.map((line) => from.publish(topic, line, { qos })),
        );
        const [taken] = await Promise.all([take(messages, BURST), published]);
        assertEquals(taken.map((message) => message.text()), lines);
      },
    ),

    ...each(
      (qos) => `100 KiB at QoS ${qos} arrive byte for byte`,
      async (stage, qos) => {
        const { topic } = stage;
        const client = await stage.connect();
        const messages = await client.subscribe(topic, { qos });
        const large = noise(LARGE);
        const published = client.publish(topic, large, { qos });
        const [[taken]] = await Promise.all([take(messages, 1), published]);
        assert(taken !== undefined && equals(taken.payload, large));
      },
    ),

    ...since(3, {
      "A Topic Name with spaces and in any script arrives as it left": (
        stage,
      ) => isNamed(stage, `${stage.topic}/ä é/ 日本 /😀`),

      "A Topic Name with dots arrives as it left": (stage) =>
        isNamed(stage, `${stage.topic}/a.b/.`),

      "A Topic Name of 1,000 bytes arrives as it left": (stage) =>
        isNamed(stage, `${stage.topic}/`.padEnd(1_000, "x")),
    }),

    ...since(5, {
      async "A publisher is told that nobody has subscribed (0x10)"(stage) {
        const client = await stage.connect();
        const result = await client.publish(stage.topic, "", { qos: 1 });
        offered(result?.reasonCode !== 0, "PUBACK says 0x00");
        assertEquals(result?.reasonCode, ReasonCode.noMatchingSubscribers);
      },
    }),
  ],
};

/** The name comes as it was given. */
async function isNamed(stage: Stage, topicName: string): Promise<void> {
  const client = await stage.connect();
  const messages = await client.subscribe(`${stage.topic}/#`, { qos: 1 });
  const exact = await client.subscribe(topicName, { qos: 1 });
  const looping = [take(messages, 1), take(exact, 1)] as const;
  await client.publish(topicName, "named", { qos: 1 });
  const [message] = await looping[0];
  assertEquals(message?.topic, topicName);
  assertEquals((await looping[1]).map(({ topic }) => topic), [topicName]);
}

export const RETAINED: ScenarioGroup = {
  title: "Retained messages",
  scenarios: [
    ...since(3, {
      async "A retained message is given to who subscribes later, and marked"(
        stage,
      ) {
        const { topic } = stage;
        const client = await stage.connect();
        await client.publish(topic, "old", { qos: 1, retain: true });
        await client.publish(topic, "kept", { qos: 1, retain: true });
        const later = await stage.connect();
        const messages = await later.subscribe(topic, { qos: 1 });
        assertEquals((await take(messages, 1)).map(plain), [
          [topic, 1, true, "kept"],
        ]);
      },

      async "A retained message is given to a filter with wildcards"(stage) {
        const { topic } = stage;
        const client = await stage.connect();
        for (const name of ["a", "b"]) {
          await client.publish(`${topic}/${name}`, name, {
            ...{ qos: 1, retain: true },
          });
        }
        const messages = await client.subscribe(`${topic}/+`, { qos: 1 });
        await client.publish(`${topic}/end`, "end", { qos: 1 });
        const texts = await textsUntil(messages, "end");
        offered(texts.length > 1, "only filters without wildcards get them");
        assertEquals(texts.toSorted(), ["a", "b", "end"]);
      },

      async "A message that is to be retained is not marked where it is live"(
        stage,
      ) {
        const { topic } = stage;
        const client = await stage.connect();
        const messages = await client.subscribe(topic, { qos: 1 });
        await client.publish(topic, "live", { qos: 1, retain: true });
        assertEquals((await take(messages, 1)).map(plain), [
          [topic, 1, false, "live"],
        ]);
      },

      async "An empty message clears the retained one"(stage) {
        const { topic } = stage;
        const client = await stage.connect();
        await client.publish(topic, "kept", { qos: 1, retain: true });
        await client.publish(topic, "", { qos: 1, retain: true });
        const messages = await client.subscribe(topic, { qos: 1 });
        await client.publish(topic, "live", { qos: 1 });
        assertEquals(await textsUntil(messages, "live"), ["live"]);
      },

      async "A retained message outlives a restart of the server"(stage) {
        const { topic, server } = stage;
        const client = await stage.connect();
        await client.publish(topic, "kept", { qos: 1, retain: true });
        await client.disconnect();
        await server.restart();
        const later = await stage.connect();
        const messages = await later.subscribe(topic, { qos: 1 });
        await later.publish(topic, "end", { qos: 1 });
        const texts = await textsUntil(messages, "end");
        offered(texts.length > 1, "it is gone behind the restart");
        assertEquals(texts, ["kept", "end"]);
      },
    }),

    ...since(5, {
      async "Retain As Published keeps the mark of a live message"(stage) {
        const { topic } = stage;
        const client = await stage.connect();
        const messages = await client.subscribe(topic, {
          ...{ qos: 1, retainAsPublished: true },
        });
        await client.publish(topic, "marked", { qos: 1, retain: true });
        await client.publish(topic, "plain", { qos: 1 });
        assertEquals((await take(messages, 2)).map(plain), [
          [topic, 1, true, "marked"],
          [topic, 1, false, "plain"],
        ]);
      },

      async "Retain Handling says when retained messages are wanted"(stage) {
        const { topic } = stage;
        const client = await stage.connect();
        await client.publish(topic, "kept", { qos: 1, retain: true });
        const got: string[][] = [];
        for (const retainHandling of [2, 1, 0] as const) {
          const other = await stage.connect();
          // The second subscription to the filter is not a new one.
          const first = await other.subscribe(topic, {
            qos: 1,
            retainHandling,
          });
          await client.publish(topic, "end", { qos: 1 });
          got.push(await textsUntil(first, "end"));
        }
        assertEquals(got, [["end"], ["kept", "end"], ["kept", "end"]]);
      },

      async "A retained message is gone when its Message Expiry Interval is over"(
        stage,
      ) {
        const { topic } = stage;
        const client = await stage.connect();
        await client.publish(topic, "kept", {
          ...{ qos: 1, retain: true },
          properties: { messageExpiryInterval: 1 },
        });
        await isGone(stage, topic);
      },
    }),
  ],
};

/** How often a server is asked for a message that expires. */
const ASK_MS = 50;

/** Resolves when nothing is retained under the topic: the server's own clock says when. */
export async function isGone(stage: Stage, topic: string): Promise<void> {
  const client = await stage.connect();
  for (let number = 1;; number++) {
    await using messages = await client.subscribe(topic, { qos: 1 });
    await client.publish(topic, `${number}`, { qos: 1 });
    if ((await textsUntil(messages, `${number}`)).length === 1) return;
    await new Promise((resolve) => setTimeout(resolve, ASK_MS));
  }
}
