// connect()'s options: what is wrong with them is the caller's mistake, told before anything is sent.

import { assert, assertEquals, assertRejects } from "@std/assert";
import { connect, type ConnectOptions } from "../../mod.ts";
import { settled } from "./clock.ts";
import { connected, dial } from "./server.ts";

type Mistake = typeof TypeError | typeof RangeError;

/** What a program in JavaScript may hand over, whatever the types say. */
const WRONG: readonly (readonly [string, Mistake, Record<string, unknown>])[] =
  [
    ["an option that does not exist", TypeError, { keepalive: 60 }],
    ["an option of the will that does not exist", TypeError, {
      will: { topic: "a", message: "gone" },
    }],
    ["a will without a topic", TypeError, { will: { payload: "gone" } }],
    ["a will with a wildcard in its topic", TypeError, {
      will: { topic: "a/#" },
    }],
    ["a will whose payload is a number", TypeError, {
      will: { topic: "a", payload: 1 },
    }],
    ["a will of QoS 3", RangeError, { will: { topic: "a", qos: 3 } }],
    ["a keepAlive of 65,536", RangeError, { keepAlive: 65_536 }],
    ["a keepAlive of -1", RangeError, { keepAlive: -1 }],
    ["a keepAlive of 0.5", RangeError, { keepAlive: 0.5 }],
    ["a keepAlive that is a text", RangeError, { keepAlive: "60" }],
    ["protocolVersion 2", RangeError, { protocolVersion: 2 }],
    ["protocolVersion 3.1", RangeError, { protocolVersion: 3.1 }],
    ["a negative connectTimeoutMs", RangeError, { connectTimeoutMs: -1 }],
    ["a connectTimeoutMs that is no number", RangeError, {
      connectTimeoutMs: NaN,
    }],
    ["a negative unclaimedMs", RangeError, { unclaimedMs: -1 }],
    ["a reconnect that is neither true nor false nor an object", TypeError, {
      reconnect: 5,
    }],
    ["a reconnect that is null", TypeError, { reconnect: null }],
    ["an option of reconnect that does not exist", TypeError, {
      reconnect: { retries: 5 },
    }],
    ["a negative reconnect.initialMs", RangeError, {
      reconnect: { initialMs: -1 },
    }],
    ["a reconnect.maxMs that is no number", RangeError, {
      reconnect: { maxMs: NaN },
    }],
    ["a negative reconnect.totalMs", RangeError, {
      reconnect: { totalMs: -1 },
    }],
    ["reconnect.attempts 0", RangeError, { reconnect: { attempts: 0 } }],
    ["reconnect.authAttempts 0.5", RangeError, {
      reconnect: { authAttempts: 0.5 },
    }],
    ["a reconnect.retryFirst that is a text", TypeError, {
      reconnect: { retryFirst: "no" },
    }],
    ["maxInflight 0", RangeError, { maxInflight: 0 }],
    ["maxInflight 65,536", RangeError, { maxInflight: 65_536 }],
    ["readAhead 0", RangeError, { readAhead: 0 }],
    ["highWaterMessages 0", RangeError, { highWaterMessages: 0 }],
    ["highWaterBytes 0.5", RangeError, { highWaterBytes: 0.5 }],
    ["hardBoundBytes 0", RangeError, { hardBoundBytes: 0 }],
    ["an overflow that does not exist", TypeError, { overflow: "block" }],
    ["concurrency 0", RangeError, { onMessage: () => {}, concurrency: 0 }],
    ["an onMessage that is no function", TypeError, { onMessage: "print" }],
    ["an onError that does not exist", TypeError, {
      onMessage: () => {},
      onError: "ignore",
    }],
    ["an ack that does not exist", TypeError, { ack: "auto" }],
    ["a clientId with U+0000", TypeError, { clientId: "a\0b" }],
    ["a clientId with a lone surrogate", TypeError, { clientId: "\uD800" }],
    ["a clientId of 65,536 bytes", RangeError, {
      clientId: "a".repeat(65_536),
    }],
    ["a clientId that is a number", TypeError, { clientId: 7 }],
    ["a username with U+0000", TypeError, { username: "a\0b" }],
    ["a username that is a number", TypeError, { username: 7 }],
    ["a password that is a number", TypeError, {
      username: "user",
      password: 12345,
    }],
    ["a password of 65,536 bytes", RangeError, {
      username: "user",
      password: new Uint8Array(65_536),
    }],
    ["a will whose payload has 65,536 bytes", RangeError, {
      will: { topic: "a", payload: new Uint8Array(65_536) },
    }],
    ["a property that does not exist", TypeError, {
      properties: { receiveMax: 5 },
    }],
    ["a property that CONNECT does not have", TypeError, {
      properties: { topicAlias: 5 },
    }],
    ["a Receive Maximum of 0", RangeError, {
      properties: { receiveMaximum: 0 },
    }],
    ["a property of the will that a will does not have", TypeError, {
      will: { topic: "a", properties: { topicAlias: 5 } },
    }],
    ["properties with protocolVersion 4", TypeError, {
      protocolVersion: 4,
      properties: { topicAliasMaximum: 5 },
    }],
    ["properties of the will with protocolVersion 3", TypeError, {
      protocolVersion: 3,
      will: { topic: "a", properties: { willDelayInterval: 5 } },
    }],
    ["a password without username with protocolVersion 4", TypeError, {
      protocolVersion: 4,
      password: "secret",
    }],
    [
      'onError "reject" with protocolVersion 4, which has no refusal',
      TypeError,
      {
        protocolVersion: 4,
        onMessage: () => {},
        onError: "reject",
      },
    ],
    ["an empty clientId with protocolVersion 3", TypeError, {
      protocolVersion: 3,
      clientId: "",
    }],
    [
      "an empty clientId with protocolVersion 4 and Clean Session 0",
      TypeError,
      {
        protocolVersion: 4,
        clientId: "",
        cleanStart: false,
      },
    ],
  ];

for (const [name, mistake, options] of WRONG) {
  Deno.test(`connect rejects with a ${mistake.name} for ${name}, and opens no wire`, async () => {
    const { connecting, listener } = dial(options);
    await assertRejects(() => connecting, mistake);
    await settled();
    assertEquals(listener.waiting, 0);
  });
}

Deno.test("connect rejects with a TypeError for options that are none", async () => {
  for (const options of [null, 60, "60"]) {
    // What a program in JavaScript may hand over.
    const given = options as unknown as ConnectOptions;
    await assertRejects(() => connect("mqtt://server.test", given), TypeError);
  }
});

Deno.test("connect rejects with a TypeError where URL and options contradict each other", async () => {
  const url = "mqtt://user:secret@server.test";
  for (const options of [{ username: "other" }, { password: "hidden" }]) {
    const { connecting } = dial(options, url);
    const error = await assertRejects(() => connecting, TypeError);
    assert(!error.message.includes("secret"), error.message);
    assert(!error.message.includes("hidden"), error.message);
  }
});

Deno.test("connect takes what URL and options say alike", async () => {
  const { listener } = dial(
    { username: "user", password: "secret" },
    "mqtt://user:secret@server.test",
  );
  const packet = await (await listener.accept()).next("connect");
  assertEquals(packet.username, "user");
  assertEquals(packet.password, new TextEncoder().encode("secret"));
});

Deno.test("connect sends an empty clientId where it is asked for and allowed", async () => {
  for (const protocolVersion of [4, 5] as const) {
    const { connectPacket } = await connected({
      protocolVersion,
      clientId: "",
    });
    assertEquals(connectPacket.clientId, "");
  }
  const { connectPacket } = await connected({
    clientId: "",
    cleanStart: false,
  });
  assertEquals(connectPacket.protocolVersion, 5);
  assertEquals(connectPacket.cleanStart, false);
});

Deno.test("connect sends a password without username under MQTT 5", async () => {
  const { connectPacket } = await connected({ password: "secret" });
  assertEquals(connectPacket.username, undefined);
  assertEquals(connectPacket.password, new TextEncoder().encode("secret"));
});

Deno.test("connect takes Infinity for its times: no limit", async () => {
  const { client, clock } = await connected({
    connectTimeoutMs: Infinity,
    unclaimedMs: Infinity,
    keepAlive: 0,
  });
  await clock.advance(1e9);
  assertEquals(client.stats().messagesUnclaimed, 0);
});
