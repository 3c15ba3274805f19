// WebSocket against npm's ws, over TCP, TLS and a unix socket: the whole list of behaviours with mosquitto
// behind it, and what a server may do to frames, played by the test.

import {
  assert,
  assertEquals,
  assertInstanceOf,
  assertRejects,
} from "@std/assert";
import {
  type Client,
  connect,
  ConnectError,
  ConnectionLostError,
  ProtocolError,
} from "../../mod.ts";
import {
  ack,
  connack,
  disconnect,
  publish,
  suback,
} from "../client/packets.ts";
import { ServerEnd } from "../client/server.ts";
import { interopTests } from "../support/interop.ts";
import { secureMosquittoTest } from "../support/mosquitto_tests.ts";
import { take } from "../support/take.ts";
import type { WebSocket } from "../support/ws.ts";
import {
  asItComes,
  relayTo,
  send,
  shredded,
  startWsServer,
  wireOf,
  type WsServer,
  type WsServerOptions,
} from "./ws_server.ts";

const TIMEOUT_MS = 20_000;

for (
  const { carrier, framing, perMessageDeflate } of [
    { carrier: "tcp", framing: asItComes, perMessageDeflate: false },
    { carrier: "tcp", framing: shredded, perMessageDeflate: true },
    { carrier: "tls", framing: shredded, perMessageDeflate: false },
    { carrier: "unix", framing: shredded, perMessageDeflate: false },
  ] as const
) {
  const over = [
    `over npm ws on ${carrier}`,
    framing === asItComes ? "in whole messages" : "in shreds among pings",
    ...(perMessageDeflate ? ["with compression to be had"] : []),
  ].join(", ");
  interopTests(
    (name, run) =>
      secureMosquittoTest(`${name} ${over}`, async (peers) => {
        await using server = await startWsServer({
          carrier,
          certificates: peers.certificates,
          more: { perMessageDeflate },
          serve: relayTo(peers.broker.tcp, framing),
        });
        await run(server.way);
      }),
    { username: "alice", password: "wrong" },
  );
}

/** A client, connected, and the server's end of it: as the server of MQTT, and as the WebSocket that it is. */
interface Scene {
  readonly client: Client;
  readonly server: ServerEnd;
  readonly socket: WebSocket;
}

function wsTest(
  name: string,
  run: (scene: Scene) => Promise<void>,
  options: WsServerOptions = {},
): void {
  Deno.test({
    name,
    timeout: TIMEOUT_MS,
    async fn() {
      await using listening = await startWsServer(options);
      const { url, options: wire } = listening.way;
      const connecting = connect(url, { ...wire, reconnect: false });
      const socket = await listening.accept();
      const server = new ServerEnd(wireOf(socket));
      await server.next("connect");
      server.send(connack());
      await run({ client: await connecting, server, socket });
    },
  });
}

wsTest("npm ws agrees on mqtt and on no compression", async (scene) => {
  const { client, server, socket } = scene;
  assertEquals(socket.protocol, "mqtt");
  assertEquals(socket.extensions, "");
  const disconnecting = client.disconnect();
  assertEquals(await server.next("disconnect"), disconnect(0));
  assertEquals(await closeOf(socket), 1000);
  await disconnecting;
  assertEquals(await client.closed, undefined);
}, { more: { perMessageDeflate: true } });

/** SUBACK and what comes behind it, as the bytes of one message. */
async function subscribedTo(
  { client, server }: Scene,
  texts: readonly string[],
) {
  const subscribing = client.subscribe("a", { qos: 1 });
  const { packetId } = await server.next("subscribe");
  const bytes = server.encode(
    suback(packetId, [1]),
    ...texts.map((text, i) => publish("a", text, { packetId: i + 1 })),
  );
  return { subscribing, bytes };
}

const TEXTS = Array.from({ length: 200 }, (_, i) => `message ${i}`);

wsTest("npm ws sends many packets in one message", async (scene) => {
  const { subscribing, bytes } = await subscribedTo(scene, TEXTS);
  await send(scene.socket, bytes, true);
  const taken = await take(await subscribing, TEXTS.length);
  assertEquals(taken.map((message) => message.text()), TEXTS);
  for (let id = 1; id <= TEXTS.length; id++) {
    assertEquals(await scene.server.next("puback"), ack("puback", id));
  }
  scene.client.close();
});

wsTest(
  "npm ws sends packets split over messages, byte by byte",
  async (scene) => {
    const { subscribing, bytes } = await subscribedTo(scene, TEXTS.slice(0, 9));
    for (const byte of bytes) {
      await send(
        scene.socket,
        Uint8Array.of(byte),
        true,
      );
    }
    const taken = await take(await subscribing, 9);
    assertEquals(taken.map((message) => message.text()), TEXTS.slice(0, 9));
    scene.client.close();
  },
);

wsTest(
  "npm ws sends one message in fragments, and has each ping among them answered",
  async (scene) => {
    const { socket, client } = scene;
    const { subscribing, bytes } = await subscribedTo(scene, TEXTS);
    const pongs: string[] = [];
    socket.on("pong", (data) => pongs.push(new TextDecoder().decode(data)));
    const pings: string[] = [];
    for (let at = 0; at < bytes.length; at += 1_000) {
      await send(socket, bytes.subarray(at, at + 1_000), false);
      const ping = `at ${at}`;
      pings.push(ping);
      const answered = new Promise((resolve) => socket.on("pong", resolve));
      socket.ping(ping);
      await answered;
    }
    await send(socket, new Uint8Array(0), true);
    const taken = await take(await subscribing, TEXTS.length);
    assertEquals(taken.map((message) => message.text()), TEXTS);
    assertEquals(pongs, pings);
    client.close();
  },
);

wsTest(
  "npm ws with a small maxPayload says so as it closes",
  async ({ client }) => {
    const published = client.publish("a", new Uint8Array(10_000), { qos: 1 });
    const error = await assertRejects(() => published, ConnectionLostError);
    assertEquals(error.delivery, "unknown");
    assertEquals(
      error.message.split(": the server")[1],
      " closed the WebSocket: 1009 message too big",
    );
  },
  { more: { maxPayload: 1_000 } },
);

wsTest("npm ws that sends text is told why it is left", async (scene) => {
  const { client, socket } = scene;
  const closed = closeOf(socket);
  socket.send("text", {});
  const error = await client.closed;
  assertInstanceOf(error, ConnectionLostError);
  assertInstanceOf(error.cause, ProtocolError);
  assertEquals(error.cause.clause, "MQTT-6.0.0-1");
  assertEquals(await closed, 1003);
});

wsTest("npm ws that is gone without a close frame is a loss", async (scene) => {
  const { client, socket } = scene;
  const waiting = client.subscribe("a");
  socket.terminate();
  await assertRejects(() => waiting, ConnectionLostError);
  assertInstanceOf(await client.closed, ConnectionLostError);
});

/** What a server says with its close code, and what is said of it: nothing where it closes in order. */
const CLOSES: readonly (readonly [number, string, string | undefined])[] = [
  [1000, "", undefined],
  [1001, "restart", undefined],
  [1002, "", "1002 protocol error"],
  [1008, "not you", '1008 policy violation "not you"'],
  [1011, "", "1011 internal error"],
  [4000, "own", '4000 "own"'],
];

for (const [code, reason, meaning] of CLOSES) {
  const said = meaning === undefined
    ? "the server closed it"
    : `the server closed the WebSocket: ${meaning}`;

  wsTest(
    `npm ws that closes with ${code} ends the loop, behind what came before`,
    async (scene) => {
      const { client, server, socket } = scene;
      const texts: string[] = [];
      const looping = (async () => {
        for await (const message of client) texts.push(message.text());
      })();
      const closed = closeOf(socket);
      const published = client.publish("b", "x", { qos: 1 });
      await server.next("publish");
      await send(socket, server.encode(publish("a", "last")), true);
      socket.close(code, reason);
      const lost = await assertRejects(() => published, ConnectionLostError);
      assert(lost.message.endsWith(` was lost: ${said}`), lost.message);
      await assertRejects(() => looping, ConnectionLostError, said);
      assertEquals(texts, ["last"]);
      assertEquals(await closed, code);
    },
  );

  Deno.test({
    name:
      `npm ws that closes with ${code} before CONNACK refuses the connection`,
    timeout: TIMEOUT_MS,
    async fn() {
      await using server = await startWsServer({
        serve: (socket) => {
          socket.on("message", () => socket.close(code, reason));
        },
      });
      const error = await refusal(server);
      assertEquals(error.stage, "connack");
      const why = meaning === undefined
        ? "the server closed the connection without CONNACK"
        : said;
      assert(error.message.includes(`: ${why}`), error.message);
    },
  });
}

for (
  const { name, more, said } of [
    {
      name: "takes no subprotocol",
      more: { handleProtocols: (): false => false },
      said: "does not take the WebSocket subprotocol mqtt: it names none",
    },
    {
      name: "takes a subprotocol that was not offered",
      more: { handleProtocols: () => "mqttv3.1" },
      said: 'does not take the WebSocket subprotocol mqtt: it names "mqttv3.1"',
    },
    {
      name: "listens at another path",
      more: { path: "/ws" },
      said: "answered the WebSocket upgrade with HTTP 400 Bad Request",
    },
  ] as const
) {
  Deno.test({
    name: `npm ws that ${name} is told from one that is down`,
    timeout: TIMEOUT_MS,
    async fn() {
      await using server = await startWsServer({ more });
      const error = await refusal(server);
      assertEquals(error.stage, "websocket");
      assert(error.message.endsWith(`: the server ${said}`), error.message);
    },
  });
}

function refusal({ way: { url, options } }: WsServer): Promise<ConnectError> {
  return assertRejects(() => connect(url, options), ConnectError);
}

/** The code that our close frame has; 1006 where the wire was dropped without one. */
function closeOf(socket: WebSocket): Promise<number> {
  return new Promise((resolve) => socket.on("close", resolve));
}
