// What a broker has seen: so many messages and no more, and those who wait for one.

import { assertEquals, assertRejects } from "@std/assert";
import type { BrokerMessage } from "../../src/broker/message.ts";
import { SeenMessages } from "../../src/broker/seen.ts";
import { NO_PROPERTIES } from "../../src/codec/packet.ts";
import { AbortedError } from "../../src/errors.ts";
import { isPending } from "../client/clock.ts";

const MIB = 1024 * 1024;

function message(topicName: string, payload = ""): BrokerMessage {
  return {
    topicName,
    payload: new TextEncoder().encode(payload),
    qos: 1,
    retain: true,
    properties: NO_PROPERTIES,
  };
}

/** The topics of those that are kept. */
function topics({ messages }: SeenMessages): string[] {
  return messages.map(({ topic }) => topic);
}

Deno.test("SeenMessages keeps copies, with who published them", () => {
  const seen = new SeenMessages(10);
  const sent = message("a", '{"b":"©"}');
  seen.add(sent, "client");
  seen.add(message("c"), undefined);
  sent.payload.fill(0);
  const [first, second] = seen.messages;
  assertEquals(first?.clientId, "client");
  assertEquals(first?.topic, "a");
  assertEquals(first?.text(), '{"b":"©"}');
  assertEquals(first?.json(), { b: "©" });
  assertEquals([first?.qos, first?.retain, first?.properties], [1, true, {}]);
  assertEquals(second?.clientId, undefined);
});

Deno.test("SeenMessages keeps the latest, and 16 MiB at most", () => {
  const seen = new SeenMessages(3);
  for (const topic of ["a", "b", "c", "d"]) {
    seen.add(message(topic, "x"), "client");
  }
  assertEquals(topics(seen), ["b", "c", "d"]);
  seen.add(message("large", "x".repeat(16 * MIB)), "client");
  assertEquals(topics(seen), ["large"]);
  seen.add(message("too large", "x".repeat(16 * MIB + 1)), "client");
  assertEquals(topics(seen), []);
  const none = new SeenMessages(0);
  none.add(message("a"), "client");
  assertEquals(topics(none), []);
});

Deno.test("SeenMessages counts properties among the 16 MiB, and holds on to no block that they were read into", () => {
  const seen = new SeenMessages(10);
  const block = new Uint8Array(65_536);
  const value = "x".repeat(65_535);
  for (const topicName of ["a", "b", "c"]) {
    seen.add({
      ...message(topicName),
      properties: {
        correlationData: block.subarray(0, 8),
        userProperties: Array.from({ length: 100 }, () => ["k", value]),
      },
    }, "client");
  }
  assertEquals(topics(seen), ["b", "c"]);
  const { correlationData } = seen.messages[0]?.properties ?? {};
  assertEquals(correlationData?.buffer.byteLength, 8);
});

Deno.test("SeenMessages first resolves with those before and those to come", async () => {
  const seen = new SeenMessages(10);
  seen.add(message("a/1"), "client");
  seen.add(message("b"), "client");
  const two = seen.first("a/+", 2);
  assertEquals(await isPending(two), true);
  seen.add(message("a/2"), "client");
  seen.add(message("a/3"), "client");
  assertEquals((await two).map(({ topic }) => topic), ["a/1", "a/2"]);
  assertEquals((await seen.first("b", 1)).map(({ topic }) => topic), ["b"]);
});

Deno.test("SeenMessages first waits for messages that are not kept as well", async () => {
  const seen = new SeenMessages(0);
  const one = seen.first("a", 1);
  seen.add(message("a", "x"), "client");
  assertEquals((await one).map((message) => message.text()), ["x"]);
});

Deno.test("SeenMessages first rejects when its signal fires, or has fired", async () => {
  const seen = new SeenMessages(10);
  const controller = new AbortController();
  const waiting = seen.first("a", 1, controller.signal);
  controller.abort("enough");
  for (
    const wait of [() => waiting, () => seen.first("a", 1, controller.signal)]
  ) {
    const error = await assertRejects(
      wait,
      AbortedError,
      'Cannot wait for messages to "a": the signal was aborted',
    );
    assertEquals(error.cause, "enough");
  }
});

Deno.test("SeenMessages first rejects when the broker is closed, but for what was seen", async () => {
  const seen = new SeenMessages(10);
  seen.add(message("a"), "client");
  const waiting = seen.first("b", 1);
  seen.end();
  for (const wait of [() => waiting, () => seen.first("b", 1)]) {
    await assertRejects(wait, AbortedError, "the broker is closed");
  }
  assertEquals((await seen.first("a", 1)).length, 1);
});

Deno.test("SeenMessages first rejects for what can never come", async () => {
  const seen = new SeenMessages(10);
  await assertRejects(
    () => seen.first("a/#/b", 1),
    TypeError,
    'Cannot wait for messages to "a/#/b": a "#" must',
  );
  for (const count of [0, -1, 1.5, NaN]) {
    await assertRejects(() => seen.first("a", count), RangeError);
  }
});
