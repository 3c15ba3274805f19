import { assert, assertEquals, assertMatch } from "@std/assert";
import fc from "fast-check";
import { json } from "../../src/cli/json.ts";
import { message, printed } from "./memory_sink.ts";

/** The object on the line, without the time, which is checked. */
async function object(
  ...received: Parameters<typeof message>
): Promise<Record<string, unknown>> {
  const line = await printed(json({ end: "\n" }), message(...received));
  assertEquals(line.indexOf("\n"), line.length - 1);
  const { tst, ...rest } = JSON.parse(line);
  assertMatch(tst, /^\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d\.\d{6}[+-]\d{4}$/);
  assert(Math.abs(Date.parse(tst) - Date.now()) < 60_000);
  return rest;
}

Deno.test("json gives mosquitto's names", async () => {
  assertEquals(
    await object("a/b", "hello", { qos: 1, retain: true, packetId: 7 }),
    {
      topic: "a/b",
      qos: 1,
      retain: 1,
      payloadlen: 5,
      mid: 7,
      payload: "hello",
    },
  );
  assertEquals(await object("a", ""), {
    topic: "a",
    qos: 0,
    retain: 0,
    payloadlen: 0,
    payload: null,
  });
});

Deno.test("json gives properties in kebab case, and User Properties as pairs", async () => {
  const { properties } = await object("a", "b", {
    properties: {
      payloadFormatIndicator: 1,
      messageExpiryInterval: 60,
      contentType: "text/plain",
      responseTopic: "r",
      correlationData: new Uint8Array([0xff, 0x00]),
      subscriptionIdentifiers: [1, 2],
      userProperties: [["k", "1"], ["k", "2"]],
    },
  });
  assertEquals(properties, {
    "payload-format-indicator": 1,
    "message-expiry-interval": 60,
    "content-type": "text/plain",
    "response-topic": "r",
    "correlation-data_b64": "/wA=",
    "subscription-identifier": [1, 2],
    "user-properties": [["k", "1"], ["k", "2"]],
  });
});

Deno.test("json gives one Subscription Identifier as mosquitto does", async () => {
  const { properties } = await object("a", "b", {
    properties: { subscriptionIdentifiers: [7] },
  });
  assertEquals(properties, { "subscription-identifier": 7 });
});

Deno.test("json gives back every payload, as text where it is UTF-8, else in base64", async () => {
  await fc.assert(fc.asyncProperty(
    fc.oneof(
      fc.uint8Array(),
      fc.string({ unit: "binary" }).map((text) =>
        new TextEncoder().encode(text)
      ),
    ),
    async (payload) => {
      const { payload: text, payload_b64: base64, payloadlen } = await object(
        "a",
        payload,
      );
      assertEquals(payloadlen, payload.length);
      const back = typeof base64 === "string"
        ? Uint8Array.fromBase64(base64)
        : new TextEncoder().encode(typeof text === "string" ? text : "");
      assertEquals(back, new Uint8Array(payload));
    },
  ));
});

Deno.test("json leaves no character in a line that a terminal obeys", async () => {
  const hostile = "\x00\x1b[2J\x7f\x9b\u202e\u2066\u2028\ufeff";
  const line = await printed(json({ end: "\n" }), message("a\x1b", hostile));
  assert(!/[\p{Cc}\p{Bidi_Control}\p{Zl}\p{Zp}]/u.test(line.trimEnd()), line);
  assertEquals(JSON.parse(line).payload, hostile);
});
