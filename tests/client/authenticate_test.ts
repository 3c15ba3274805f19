// Enhanced authentication: what the function of the program is told and says, and what becomes of the client
// where one side is not content.

import { assert, assertEquals, assertRejects } from "@std/assert";
import type { AuthPacket, Properties } from "../../src/codec/packet.ts";
import {
  AbortedError,
  type Authenticate,
  type AuthenticationData,
  ConnectError,
  ConnectionLostError,
  type ConnectOptions,
  ReasonCode,
} from "../../mod.ts";
import { Broker } from "../../testing.ts";
import { comeBack, connectedOften, lose } from "./away.ts";
import { isPending, settled } from "./clock.ts";
import { listen } from "./listen.ts";
import { connack, publish } from "./packets.ts";
import { connected, dial, type ServerEnd } from "./server.ts";

const METHOD = { authenticationMethod: "m" };

function said({ properties }: { properties: Properties }): string | undefined {
  const { authenticationData } = properties;
  return authenticationData && new TextDecoder().decode(authenticationData);
}

function data(text: string): Properties {
  return { ...METHOD, authenticationData: new TextEncoder().encode(text) };
}

function auth(reasonCode: number, text: string): AuthPacket {
  return { type: "auth", reasonCode, properties: data(text) };
}

/** Says all of this, one after the other, and writes down what it is told. */
function script(
  lines: readonly AuthenticationData[],
  heard: string[] = [],
): Authenticate {
  return async function* ({ step, authenticationMethod }) {
    heard.push(`${step} ${authenticationMethod}`);
    for (const line of lines) {
      const { data, isEnd } = yield line;
      heard.push(`${new TextDecoder().decode(data)}${isEnd ? "." : ""}`);
    }
  };
}

/** A client that has authenticated itself in one step. */
function authenticated(authenticate: Authenticate) {
  return connected({ properties: METHOD, authenticate }, {
    properties: METHOD,
  });
}

/** The server's part of a new exchange. */
async function nextAuth(server: ServerEnd): Promise<string> {
  const packet = await server.next("auth");
  return `${packet.reasonCode.toString(16)} ${said(packet)}`;
}

Deno.test("connect has authenticate say what goes into CONNECT, AUTH for AUTH, until CONNACK", async () => {
  const heard: string[] = [];
  const { connecting, listener } = dial({
    properties: METHOD,
    authenticate: script(["one", new TextEncoder().encode("three")], heard),
  });
  const server = await listener.accept();
  const packet = await server.next("connect");
  assertEquals([said(packet), packet.properties.authenticationMethod], [
    "one",
    "m",
  ]);
  server.send(auth(ReasonCode.continueAuthentication, "two"));
  assertEquals(await nextAuth(server), "18 three");
  assert(await isPending(connecting));
  server.send(connack({ properties: data("four") }));
  const client = await connecting;
  assertEquals(heard, ["connect m", "two", "four."]);
  assertEquals(client.connected, true);
  client.close();
});

Deno.test("connect lets authenticate say nothing, and AUTH's other properties", async () => {
  const { connecting, listener } = dial({
    properties: METHOD,
    authenticate: script([undefined, {
      reasonString: "why",
      userProperties: [["a", "1"], ["a", "2"]],
    }]),
  });
  const server = await listener.accept();
  assertEquals(said(await server.next("connect")), undefined);
  server.send(auth(ReasonCode.continueAuthentication, ""));
  assertEquals((await server.next("auth")).properties, {
    ...METHOD,
    reasonString: "why",
    userProperties: [["a", "1"], ["a", "2"]],
  });
  server.send(connack({ properties: METHOD }));
  (await connecting).close();
});

Deno.test("connect waits with what came behind CONNACK until authenticate is content with it", async () => {
  const judge = Promise.withResolvers<void>();
  const topics: string[] = [];
  const { connecting, listener } = dial({
    properties: METHOD,
    onMessage: ({ topic }) => void topics.push(topic),
    async *authenticate() {
      yield "";
      await judge.promise;
    },
  });
  const server = await listener.accept();
  await server.next("connect");
  server.send(connack({ properties: METHOD }), publish("behind", ""));
  await settled();
  server.send(publish("later", ""));
  assert(await isPending(connecting));
  assertEquals(topics, []);
  judge.resolve();
  const client = await connecting;
  await settled();
  assertEquals(topics, ["behind", "later"]);
  client.close();
});

Deno.test("connect looks at what came behind CONNACK once authenticate is content, though nothing more comes", async () => {
  const topics: string[] = [];
  const { client } = await connected(
    {
      properties: METHOD,
      onMessage: ({ topic }) => void topics.push(topic),
      authenticate: script([""]),
    },
    { properties: METHOD },
    publish("behind", ""),
  );
  await settled();
  assertEquals(topics, ["behind"]);
  client.close();
});

Deno.test("connect rejects where authenticate throws, before CONNECT and behind it, and tells the server to go", async () => {
  const failing: Authenticate = async function* () {
    yield "";
    throw new Error("the proof is wrong");
  };
  const { connecting, listener } = dial({
    properties: METHOD,
    authenticate: failing,
  });
  const server = await listener.accept();
  await server.next("connect");
  server.send(connack({ properties: METHOD }));
  const error = await assertRejects(() => connecting, ConnectError);
  assertEquals(
    error.message,
    "Cannot connect to server.test:1883: the function for authenticate has failed: the proof is wrong",
  );
  assert(error.cause instanceof Error);
  assertEquals(error.cause.message, "the proof is wrong");
  const { reasonCode } = await server.next("disconnect");
  assertEquals(reasonCode, ReasonCode.unspecifiedError);

  const early = dial({
    properties: METHOD,
    // deno-lint-ignore require-yield
    async *authenticate() {
      throw new Error("no token");
    },
  });
  await assertRejects(
    () => early.connecting,
    ConnectError,
    "the function for authenticate has failed: no token",
  );
  assertEquals(early.listener.waiting, 0);
});

Deno.test("connect rejects where the server wants more than authenticate has, and where it is content too early", async () => {
  for (
    const { answer, lines, why } of [
      {
        answer: auth(ReasonCode.continueAuthentication, ""),
        lines: ["one"],
        why: "the server wants more than the function has to say",
      },
      {
        answer: connack({ properties: METHOD }),
        lines: ["one", "two"],
        why: "the server has ended the exchange too early",
      },
    ]
  ) {
    const { connecting, listener } = dial({
      properties: METHOD,
      authenticate: script(lines),
    });
    const server = await listener.accept();
    await server.next("connect");
    server.send(answer);
    await assertRejects(() => connecting, ConnectError, why);
  }
});

Deno.test("connect without authenticate sends the data of its options, and rejects where the server wants more", async () => {
  const { connecting, listener } = dial({ properties: data("all") });
  const server = await listener.accept();
  assertEquals(said(await server.next("connect")), "all");
  server.send(auth(ReasonCode.continueAuthentication, ""));
  await assertRejects(
    () => connecting,
    ConnectError,
    "there is no function for authenticate to answer it",
  );
  const other = await connected({ properties: data("all") }, {
    properties: METHOD,
  });
  assertEquals(other.client.connected, true);
  other.client.close();
});

Deno.test("connect rejects a server that refuses, and fires the signal of authenticate", async () => {
  let isOver = false;
  const { connecting, listener } = dial({
    properties: METHOD,
    async *authenticate({ signal }) {
      signal.addEventListener("abort", () => isOver = true);
      yield "";
      yield "";
    },
  });
  const server = await listener.accept();
  await server.next("connect");
  server.send(connack({ reasonCode: ReasonCode.notAuthorized }));
  const error = await assertRejects(() => connecting, ConnectError);
  assertEquals(error.reasonCode, ReasonCode.notAuthorized);
  assert(isOver);
});

Deno.test("connect's time covers authenticate, in CONNECT and behind it", async () => {
  const never = new Promise<never>(() => {});
  for (const steps of [0, 1]) {
    let isOver = false;
    const { connecting, listener, clock } = dial({
      properties: METHOD,
      connectTimeoutMs: 3_000,
      async *authenticate({ signal }) {
        signal.addEventListener("abort", () => isOver = true);
        if (steps === 1) yield "";
        await never;
      },
    });
    await settled();
    if (steps === 1) {
      const server = await listener.accept();
      await server.next("connect");
      server.send(connack({ properties: METHOD }));
    }
    await clock.advance(2_999);
    assert(await isPending(connecting));
    await clock.advance(1);
    await assertRejects(() => connecting, ConnectError, "within 3 s");
    assert(isOver);
  }
});

Deno.test("connect refuses options of authentication that do not fit, with a TypeError", async () => {
  const authenticate = script([]);
  for (
    const options of [
      { authenticate },
      { authenticate, properties: data("x") },
      { authenticate, properties: METHOD, protocolVersion: 4 as const },
      // deno-lint-ignore no-explicit-any
      { authenticate: "token" as any, properties: METHOD },
    ]
  ) {
    const { connecting, listener } = dial(options);
    await assertRejects(() => connecting, TypeError);
    assertEquals(listener.waiting, 0);
  }
});

Deno.test("reauthenticate begins an exchange anew, and resolves when the server is content", async () => {
  const heard: string[] = [];
  const { client, server } = await authenticated(async function* (request) {
    if (request.step === "connect") return void (yield "");
    yield* script(["a", "c"], heard)(request);
  });
  const again = client.reauthenticate();
  assertEquals(await nextAuth(server), "19 a");
  await assertRejects(() => client.reauthenticate(), TypeError, "under way");
  server.send(auth(ReasonCode.continueAuthentication, "b"));
  assertEquals(await nextAuth(server), "18 c");
  assert(await isPending(again));
  server.send(auth(ReasonCode.success, "d"));
  await again;
  assertEquals(heard, ["reauthenticate m", "b", "d."]);
  const next = client.reauthenticate();
  assertEquals(await nextAuth(server), "19 a");
  client.close();
  await assertRejects(() => next, ConnectionLostError);
});

Deno.test("reauthenticate rejects where the server ends the connection, and the next one begins with authenticate", async () => {
  const heard: string[] = [];
  const { client, server, listener, clock } = await authenticated(
    script(["x"], heard),
  );
  const again = client.reauthenticate();
  await server.next("auth");
  server.send({
    type: "disconnect",
    reasonCode: ReasonCode.notAuthorized,
    properties: {},
  });
  const error = await assertRejects(() => again, ConnectionLostError);
  assertEquals(error.reasonCode, ReasonCode.notAuthorized);
  await clock.advance(1_000);
  const next = await listener.accept();
  assertEquals(said(await next.next("connect")), "x");
  await assertRejects(
    () => client.reauthenticate(),
    ConnectionLostError,
    "there is no connection",
  );
  next.send(connack({ properties: METHOD }));
  await settled();
  assertEquals(client.connected, true);
  client.close();
});

Deno.test("reauthenticate ends the connection where authenticate is not content with the server", async () => {
  const { client, server } = await authenticated(async function* ({ step }) {
    yield "";
    if (step === "reauthenticate") throw new Error("the proof is wrong");
  });
  const again = client.reauthenticate();
  await server.next("auth");
  server.send(auth(ReasonCode.success, ""));
  const error = await assertRejects(() => again, ConnectionLostError);
  assert(error.message.includes("the proof is wrong"), error.message);
  const { reasonCode } = await server.next("disconnect");
  assertEquals(reasonCode, ReasonCode.unspecifiedError);
  client.close();
});

Deno.test("reauthenticate leaves the connection where authenticate throws before anything was said", async () => {
  let isReady = false;
  const { client, server } = await authenticated(async function* ({ step }) {
    if (step === "reauthenticate" && !isReady) throw new Error("no token");
    yield "";
  });
  await assertRejects(() => client.reauthenticate(), Error, "no token");
  assertEquals(client.connected, true);
  isReady = true;
  const again = client.reauthenticate();
  await server.next("auth");
  server.send(auth(ReasonCode.success, ""));
  await again;
  client.close();
});

Deno.test("reauthenticate gives up waiting when its signal fires, and needs authenticate", async () => {
  const { client, server } = await authenticated(script([""]));
  const abort = new AbortController();
  const again = client.reauthenticate({ signal: abort.signal });
  await server.next("auth");
  abort.abort("enough");
  await assertRejects(() => again, AbortedError);
  assertEquals(client.connected, true);
  client.close();
  const other = await connected();
  await assertRejects(() => other.client.reauthenticate(), TypeError);
  other.client.close();
});

Deno.test("Client authenticates by a method of the broker, anew as well, and is refused by it", async () => {
  const tokens = new Set(["one", "two"]);
  await using broker = new Broker({
    authenticationMethods: {
      m: ({ data }) => tokens.has(new TextDecoder().decode(data)),
    },
  });
  let token = "one";
  const client = await broker.connect({
    properties: METHOD,
    reconnect: false,
    async *authenticate() {
      yield token;
    },
  });
  token = "two";
  await client.reauthenticate();
  token = "three";
  const error = await assertRejects(
    () => client.reauthenticate(),
    ConnectionLostError,
  );
  assertEquals(error.reasonCode, ReasonCode.notAuthorized);
  assert(await client.closed instanceof ConnectionLostError);
});

Deno.test("authenticate that throws before it gives a generator fails the attempt, and another is made", async () => {
  let calls = 0;
  const authenticate: Authenticate = (request) => {
    if (++calls === 2) throw new Error("no token");
    return script(["hello"])(request);
  };
  const connection = await connectedOften(
    { properties: METHOD, authenticate },
    { properties: METHOD },
  );
  const events = listen(connection.client);
  await lose(connection);
  await connection.clock.advance(1_000);
  assert(await isPending(connection.client.closed));
  await comeBack(connection, { properties: METHOD, sessionPresent: true });
  const failed = events.find(({ type }) => type === "retry-failed");
  assert(failed?.type === "retry-failed");
  assertEquals(
    failed.error.message,
    "Cannot connect: the function for authenticate has failed: no token",
  );
  assertEquals(calls, 3);
  connection.client.close();
});

Deno.test("authenticate may be a generator that is not asynchronous, in a program without types", async () => {
  const steps = function* () {
    yield "hello";
  };
  const options = { properties: METHOD, authenticate: steps };
  // A refusal leaves it in the middle.
  const { connecting, listener } = dial(options as unknown as ConnectOptions);
  const server = await listener.accept();
  await server.next("connect");
  server.send(connack({ reasonCode: ReasonCode.notAuthorized }));
  await assertRejects(() => connecting, ConnectError, "not authorized");
});

Deno.test("authenticate is not called where the attempt's time is over before its turn", async () => {
  const heard: string[] = [];
  const user = Promise.withResolvers<string>();
  const { connecting, clock } = dial({
    properties: METHOD,
    username: () => user.promise,
    authenticate: script(["hello"], heard),
  });
  await clock.advance(10_000);
  await assertRejects(() => connecting, ConnectError);
  user.resolve("late");
  await settled();
  assertEquals(heard, []);
});
