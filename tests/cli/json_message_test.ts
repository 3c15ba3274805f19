import { assertEquals, assertThrows } from "@std/assert";
import fc from "fast-check";
import { json } from "../../src/cli/json.ts";
import { type Common, readMessage } from "../../src/cli/json_message.ts";
import { UsageError } from "../../src/cli/usage_error.ts";
import { formatted, message } from "./memory_sink.ts";

const COMMON: Common = { topics: [], options: { qos: 0, retain: false } };

function read(line: string, common = COMMON) {
  return readMessage(new TextEncoder().encode(line), common);
}

Deno.test("readMessage reads back what json writes, to the byte", async () => {
  await fc.assert(fc.asyncProperty(
    fc.record({
      topic: fc.string({ unit: "grapheme", minLength: 1 }),
      payload: fc.uint8Array(),
      qos: fc.constantFrom(0, 1, 2),
      retain: fc.boolean(),
      properties: fc.record({
        contentType: fc.string(),
        messageExpiryInterval: fc.nat(),
        payloadFormatIndicator: fc.constantFrom(0, 1),
        correlationData: fc.uint8Array(),
        userProperties: fc.array(
          fc.tuple(fc.string(), fc.string()),
          { minLength: 1 },
        ),
        subscriptionIdentifiers: fc.constant([7]),
      }, { requiredKeys: [] }),
    }),
    async ({ topic, payload, qos, retain, properties }) => {
      const line = await formatted(
        json({ end: "" }),
        message(topic, payload, { qos, retain, properties }),
      );
      const [outgoing, ...others] = readMessage(line, COMMON);
      assertEquals(others, []);
      const { subscriptionIdentifiers: _, ...sendable } = properties;
      const bytes = typeof outgoing?.payload === "string"
        ? new TextEncoder().encode(outgoing.payload)
        : outgoing?.payload;
      assertEquals(bytes, new Uint8Array(payload));
      assertEquals(outgoing?.topic, topic);
      assertEquals(outgoing?.options, { qos, retain, properties: sendable });
    },
  ));
});

Deno.test("readMessage reads mosquitto_sub's own lines", () => {
  assertEquals(
    read(
      '{"tst":"2026-11-23T05:53:37.397275Z+0000","topic":"a/b","qos":1,"retain":0,"payloadlen":7,"mid":1,"properties":{"subscription-identifier":7,"user-properties":{"k":"v"},"correlation-data":"xyz"},"payload":{"x":1}}',
    ),
    [{
      topic: "a/b",
      payload: '{"x":1}',
      options: {
        qos: 1,
        retain: false,
        properties: {
          userProperties: [["k", "v"]],
          correlationData: new TextEncoder().encode("xyz"),
        },
      },
    }],
  );
});

Deno.test("readMessage takes from the command line what the line does not say", () => {
  const properties = { contentType: "text/plain" };
  assertEquals(
    read('{"payload":null}', {
      topics: ["a", "b"],
      options: { qos: 2, retain: true, properties },
    }),
    ["a", "b"].map((topic) => ({
      topic,
      payload: "",
      options: { qos: 2, retain: true, properties },
    })),
  );
});

Deno.test("readMessage says what is wrong with a line", () => {
  const wrong: readonly [string, string][] = [
    ["hello", "this is no JSON object"],
    ["[]", "this is no JSON object"],
    ["", "this is no JSON object"],
    ['{"payload":"a"}', "there is no topic"],
    ['{"topic":1}', "there is no topic"],
    ['{"topic":"a","qos":3}', "qos must be 0, 1 or 2"],
    ['{"topic":"a","payload_b64":"*"}', "payload_b64 is no base64"],
    ['{"topic":"a","properties":[]}', "properties is no object"],
    ['{"topic":"a","properties":{"b":1}}', "there is no property b."],
    [
      '{"topic":"a","properties":{"message-expiry-interval":-1}}',
      "property message-expiry-interval needs a whole number",
    ],
  ];
  for (const [line, what] of wrong) {
    assertThrows(() => read(line), UsageError, what);
  }
});
