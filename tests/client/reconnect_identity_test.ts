// Functions among the options: asked at each attempt where to go, and as whom.

import {
  assert,
  assertEquals,
  assertInstanceOf,
  assertRejects,
  assertStringIncludes,
} from "@std/assert";
import {
  AbortedError,
  ConnectError,
  ConnectionLostError,
  type ConnectOptions,
  type Will,
} from "../../mod.ts";
import { isPending, settled } from "./clock.ts";
import { listen } from "./listen.ts";
import { answered, connected, dial } from "./server.ts";

const FULL: ConnectOptions = { random: () => 1 };

const text = (bytes: Uint8Array | undefined) => new TextDecoder().decode(bytes);

/** Counts its calls, and gives them out. */
function counted(name: string): () => string {
  let calls = 0;
  return () => `${name} ${++calls}`;
}

Deno.test("functions are asked at each attempt, one after the other", async () => {
  const order: string[] = [];
  const note = <Value>(name: string, value: Value) => () => {
    order.push(name);
    return Promise.resolve(value);
  };
  const will: Will = { topic: "gone", payload: "1" };
  const { client, server, clock, connectPacket, listener } = await connected({
    ...FULL,
    will: note("will", will),
    password: note("password", new TextEncoder().encode("p")),
    username: note("username", "u"),
    clientId: note("clientId", "lamp"),
  });
  assertEquals(order, ["clientId", "username", "password", "will"]);
  assertEquals(connectPacket.clientId, "lamp");
  assertEquals(connectPacket.username, "u");
  assertEquals(text(connectPacket.password), "p");
  assertEquals(connectPacket.will?.topicName, "gone");
  assertEquals(text(connectPacket.will?.payload), "1");
  server.close();
  await clock.advance(1_000);
  await answered(listener);
  assertEquals(order.length, 8);
  client.close();
});

Deno.test("what the functions say counts for each attempt anew", async () => {
  const { client, server, clock, connectPacket, listener } = await connected({
    ...FULL,
    username: counted("user"),
    password: counted("secret"),
  });
  server.close();
  await clock.advance(1_000);
  const second = await answered(listener, { reasonCode: 0x89 });
  await clock.advance(2_000);
  const third = await answered(listener);
  assertEquals(
    [connectPacket, second.connectPacket, third.connectPacket].map((packet) => [
      packet.username,
      text(packet.password),
    ]),
    [["user 1", "secret 1"], ["user 2", "secret 2"], ["user 3", "secret 3"]],
  );
  client.close();
});

Deno.test("functions are asked once for all versions of an attempt", async () => {
  const { connecting, listener } = dial({
    username: "u",
    password: counted("p"),
  });
  (await listener.accept()).close();
  const { connectPacket } = await answered(listener, { protocolVersion: 4 });
  (await connecting).close();
  assertEquals(text(connectPacket.password), "p 1");
});

Deno.test("a function for the URL says where each attempt goes, as whom", async () => {
  const tried: string[] = [];
  const hosts = ["mqtt://u1@a.test", new URL("mqtt://u2:p2@b.test:99")];
  const { connecting, clock, listener } = dial(
    { ...FULL, debug: (line) => tried.push(line) },
    () => Promise.resolve(hosts.shift() ?? "mqtt://none"),
  );
  const first = await answered(listener);
  const client = await connecting;
  first.server.close();
  await clock.advance(1_000);
  const second = await answered(listener);
  assertEquals(first.connectPacket.username, "u1");
  assertEquals(second.connectPacket.username, "u2");
  assertEquals(text(second.connectPacket.password), "p2");
  assertEquals(tried.filter((line) => line.startsWith("connecting")), [
    "connecting to a.test:1883",
    "connecting to b.test:99, retry 1",
  ]);
  client.close();
});

Deno.test("credentials from functions that are refused are asked anew, five times", async () => {
  const { connecting, clock, listener } = dial({
    random: () => 1,
    reconnect: { retryFirst: true },
    username: "u",
    password: counted("token"),
  });
  const passwords: string[] = [];
  const refuse = async () => {
    const { connectPacket } = await answered(listener, { reasonCode: 0x86 });
    passwords.push(text(connectPacket.password));
  };
  await refuse();
  for (const waitMs of [1_000, 2_000, 4_000, 8_000]) {
    assert(await isPending(connecting));
    await clock.advance(waitMs);
    await refuse();
  }
  const error = await assertRejects(() => connecting, ConnectError);
  assertEquals(error.reasonCode, 0x86);
  assertEquals(passwords, [1, 2, 3, 4, 5].map((n) => `token ${n}`));
  assertEquals(clock.timers, 0);
});

const FUNCTIONS = ["clientId", "username", "password", "will", "url"];

/** Options, or a URL, that have one function of this name. */
function withFunction(
  name: string,
  ask: (signal: AbortSignal) => never | Promise<never>,
): ReturnType<typeof dial> {
  const base: ConnectOptions = { ...FULL, connectTimeoutMs: 300 };
  if (name === "url") return dial(base, ask);
  if (name === "password") return dial({ ...base, username: "u", [name]: ask });
  return dial({ ...base, [name]: ask });
}

for (const name of FUNCTIONS) {
  Deno.test(`a function for ${name} that throws has the first connect reject`, async () => {
    const cause = new TypeError("fetch failed");
    const { connecting, clock, listener } = withFunction(name, () => {
      throw cause;
    });
    const error = await assertRejects(() => connecting, ConnectError, name);
    assertEquals(error.cause, cause);
    assertStringIncludes(error.message, "fetch failed");
    assertEquals(listener.waiting, 0);
    assertEquals(clock.timers, 0);
  });

  Deno.test(`a function for ${name} that does not answer is given up after connectTimeoutMs, and told so`, async () => {
    let told: AbortSignal | undefined;
    const { connecting, clock } = withFunction(name, (signal) => {
      told = signal;
      return new Promise(() => {});
    });
    await clock.advance(299);
    assert(await isPending(connecting));
    assertEquals(told?.aborted, false);
    await clock.advance(1);
    const error = await assertRejects(() => connecting, ConnectError);
    assertStringIncludes(error.message, "gave no answer within 0.3 s");
    assertEquals(told?.aborted, true);
  });
}

Deno.test("no further function is asked once the attempt is given up", async () => {
  const clientId = Promise.withResolvers<string>();
  let asked = 0;
  const { connecting, clock } = dial({
    connectTimeoutMs: 300,
    clientId: () => clientId.promise,
    username: () => `${++asked}`,
  });
  await clock.advance(300);
  await assertRejects(() => connecting, ConnectError);
  clientId.resolve("late");
  await settled();
  assertEquals(asked, 0);
});

Deno.test("no function is asked where connect's signal is aborted already", async () => {
  let asked = 0;
  const { connecting } = dial({
    signal: AbortSignal.abort("never"),
    clientId: () => `${++asked}`,
  });
  const error = await assertRejects(() => connecting, AbortedError);
  assertEquals(error.cause, "never");
  assertEquals(asked, 0);
});

Deno.test("a function that throws on a reconnect counts as an attempt that failed", async () => {
  const answers = [() => "first", () => {
    throw new Error("no token today");
  }, () => "third"];
  const { client, server, clock, listener } = await connected({
    ...FULL,
    username: () => answers.shift()?.() ?? "none",
  });
  const events = listen(client);
  server.close();
  await clock.advance(1_000);
  assertEquals(listener.waiting, 0);
  const failed = events.at(-1);
  assert(failed?.type === "retry-failed");
  assertStringIncludes(failed.error.message, "no token today");
  assertEquals([failed.attempt, failed.retryInMs], [2, 2_000]);
  await clock.advance(2_000);
  const { connectPacket } = await answered(listener);
  assertEquals(connectPacket.username, "third");
  client.close();
});

/** What functions must not answer. */
const WRONG: Readonly<Record<string, ConnectOptions>> = {
  "a clientId that is no string": { clientId: asked(1) },
  "an empty clientId under MQTT 3.1": {
    clientId: asked(""),
    protocolVersion: 3,
  },
  "a username that is no string": { username: asked(1) },
  "a password that is no bytes": { username: "u", password: asked(1) },
  "a password that is too long": {
    username: "u",
    password: asked("x".repeat(70_000)),
  },
  "a will with a wildcard in its topic": { will: asked({ topic: "a/#" }) },
  "a will with an option that does not exist": {
    will: asked({ topic: "a", Qos: 1 }),
  },
};

// What a program without types may answer.
// deno-lint-ignore no-explicit-any
function asked(value: unknown): any {
  return () => value;
}

for (const [what, options] of Object.entries(WRONG)) {
  Deno.test(`connect rejects with a TypeError or RangeError for a function that says ${what}`, async () => {
    const { connecting, clock, listener } = dial({
      ...options,
      reconnect: { retryFirst: true },
    });
    const error = await connecting.then(() => undefined, (error) => error);
    assert(error instanceof TypeError || error instanceof RangeError);
    assertEquals(listener.waiting, 0);
    assertEquals(clock.timers, 0);
  });
}

Deno.test("a function for the URL that says what cannot be read has connect reject with a TypeError", async () => {
  const { connecting } = dial(FULL, () => "localhost");
  await assertRejects(() => connecting, TypeError, "mqtt://");
});

Deno.test("a function and the URL must not both say who we are", async () => {
  const { connecting } = dial(
    { username: () => "one" },
    "mqtt://other@server.test",
  );
  await assertRejects(() => connecting, TypeError, "username");
});

Deno.test("a function that says what cannot be used ends the client on a reconnect", async () => {
  const ids = ["one", ""];
  const { client, server, clock } = await connected({
    ...FULL,
    protocolVersion: 3,
    clientId: () => ids.shift() ?? "",
  });
  server.close();
  await clock.advance(1_000);
  const error = await client.closed;
  assertInstanceOf(error, ConnectionLostError);
  assertInstanceOf(error.cause, TypeError);
  assertEquals(clock.timers, 0);
});

Deno.test("a will from a function that needs MQTT 5 ends the client where the server speaks less", async () => {
  const wills: Will[] = [
    { topic: "a" },
    { topic: "a", properties: { willDelayInterval: 5 } },
  ];
  const { connecting, clock, listener } = dial({
    ...FULL,
    will: () => wills.shift() ?? { topic: "none" },
  });
  (await listener.accept()).close();
  const { server } = await answered(listener, { protocolVersion: 4 });
  const client = await connecting;
  server.close();
  await clock.advance(1_000);
  const error = await client.closed;
  assertStringIncludes(error?.message ?? "", "will.properties needs MQTT 5");
});

Deno.test("the password may be wiped once connect has been called, and goes out on a reconnect", async () => {
  const password = new TextEncoder().encode("secret");
  const connecting = connected({ ...FULL, username: "u", password });
  password.fill(0);
  const { client, server, clock, listener } = await connecting;
  server.close();
  await clock.advance(1_000);
  const { connectPacket } = await answered(listener);
  assertEquals(text(connectPacket.password), "secret");
  await settled();
  client.close();
});
