// Opening a WebSocket: the request, each kind of wrong answer, abort at every step; and an independent peer,
// the server of Deno. The sanitizers watch that nothing is left.

import { assert, assertEquals, assertRejects, assertThrows } from "@std/assert";
import { concat } from "@std/bytes";
import { MqttError, WireError } from "../../src/errors.ts";
import { memoryWires } from "../../src/transport/memory.ts";
import { tcp } from "../../src/transport/tcp.ts";
import {
  websocket,
  type WebSocketOptions,
} from "../../src/transport/websocket.ts";
import type { Wire } from "../../src/transport/wire.ts";
import { isPending } from "../client/clock.ts";
import { frame, latin1 } from "./websocket_frames.ts";
import { NEVER, Peer } from "./websocket_peer.ts";

/** An opening over a wire in memory, the server's end, and how often our end was closed. */
function opening(
  signal = NEVER,
  options: Partial<WebSocketOptions> = {},
): { peer: Peer; wire: Promise<Wire>; closed: () => number } {
  const [ours, theirs] = memoryWires();
  let closed = 0;
  const below: Wire = {
    ...ours,
    close() {
      closed++;
      ours.close();
    },
  };
  const wire = websocket({
    transport: { open: () => Promise.resolve(below) },
    host: "localhost",
    path: "/",
    ...options,
  }).open(signal);
  return { peer: new Peer(theirs), wire, closed: () => closed };
}

Deno.test("websocket asks for the path at the host, with its headers and a key of 16 bytes", async () => {
  const { peer, wire } = opening(NEVER, {
    host: "[::1]:8080",
    path: "/mqtt?x=1",
    headers: { Origin: "https://example.com", Authorization: "Bearer x" },
  });
  const [first, ...fields] = (await peer.request()).split("\r\n");
  assertEquals(first, "GET /mqtt?x=1 HTTP/1.1");
  const key = fields[3]?.replace("Sec-WebSocket-Key: ", "") ?? "";
  assertEquals(atob(key).length, 16);
  assertEquals(fields, [
    "Host: [::1]:8080",
    "Upgrade: websocket",
    "Connection: Upgrade",
    `Sec-WebSocket-Key: ${key}`,
    "Sec-WebSocket-Version: 13",
    "Sec-WebSocket-Protocol: mqtt",
    "Origin: https://example.com",
    "Authorization: Bearer x",
  ]);
  peer.close();
  await assertRejects(() => wire, MqttError);
});

Deno.test("websocket asks for its headers anew for each wire, and has another key", async () => {
  let asked = 0;
  const options: Partial<WebSocketOptions> = {
    headers: () => Promise.resolve({ "X-Count": `${++asked}` }),
  };
  const requests = [];
  for (let times = 0; times < 2; times++) {
    const { peer, wire } = opening(NEVER, options);
    requests.push(await peer.request());
    peer.close();
    await assertRejects(() => wire, MqttError);
  }
  assertEquals(
    requests.map((request) => /X-Count: (.*)/.exec(request)?.[1]),
    ["1", "2"],
  );
  const keys = requests.map((request) => /-Key: (.*)/.exec(request)?.[1]);
  assert(keys[0] !== keys[1]);
});

Deno.test("websocket throws at once where host, path or headers cannot stand in a request", () => {
  for (
    const wrong of [
      { host: "a b" },
      { path: "mqtt" },
      { headers: { "X\r\n": "y" } },
      { headers: { Host: "other" } },
    ]
  ) assertThrows(() => opening(NEVER, wrong), TypeError);
});

Deno.test("websocket opens no wire where the function for its headers fails, or gives wrong ones", async () => {
  const transport = {
    open: () => Promise.reject(new Error("A wire was opened")),
  };
  const failing = () => Promise.reject(new Error("no token"));
  await assertRejects(
    () => opening(NEVER, { transport, headers: failing }).wire,
    Error,
    "no token",
  );
  await assertRejects(
    () => opening(NEVER, { transport, headers: () => ({ Upgrade: "x" }) }).wire,
    TypeError,
  );
});

for (
  const { name, said, error } of [
    {
      name: "HTTP of another kind",
      said: "HTTP/1.1 404 Not Found\r\nContent-Length: 3\r\n\r\nno!",
      error:
        "the server answered the WebSocket upgrade with HTTP 404 Not Found",
    },
    {
      name: "no HTTP",
      said: "220 mail.example.com ESMTP\r\n",
      error: "the port speaks no HTTP, so no WebSocket",
    },
    {
      name: "TLS",
      said: "\x15\x03\x01\x00\x02\x02\x46",
      error: "the port speaks TLS, not HTTP, so no WebSocket",
    },
    {
      name: "a head without an end",
      said: `HTTP/1.1 101 x\r\nX: ${"a".repeat(20_000)}`,
      error:
        "the server's answer to the WebSocket upgrade has a head of more than 16384 bytes",
    },
    {
      name: "too many fields",
      said: `HTTP/1.1 101 x\r\n${"a: b\r\n".repeat(101)}\r\n`,
      error: "the server's answer to the WebSocket upgrade is not valid HTTP",
    },
  ]
) {
  Deno.test(`websocket rejects and drops the wire where the server answers ${name}`, async () => {
    const { peer, wire, closed } = opening();
    await peer.request();
    await peer.send(latin1(said));
    const thrown = await assertRejects(() => wire, MqttError);
    assertEquals(thrown.message, error);
    assertEquals(closed(), 1);
  });
}

for (
  const { said, error } of [
    {
      said: "",
      error: "the server closed it without an answer to the WebSocket upgrade",
    },
    {
      said: "HTTP/1.1 1",
      error:
        "the server closed it in the middle of its answer to the WebSocket upgrade",
    },
  ]
) {
  Deno.test(`websocket rejects and drops the wire where the server closes after ${said.length} bytes`, async () => {
    const { peer, wire, closed } = opening();
    await peer.request();
    await peer.send(latin1(said));
    peer.end();
    const thrown = await assertRejects(() => wire, MqttError);
    assertEquals(thrown.message, error);
    assertEquals(closed(), 1);
  });
}

Deno.test("websocket tells a server that resets the wire from one that is down", async () => {
  const reset = new Deno.errors.ConnectionReset("reset");
  const { wire } = opening(NEVER, {
    transport: {
      open: () =>
        Promise.resolve<Wire>({
          read: () => Promise.reject(reset),
          write: (bytes) => Promise.resolve(bytes.length),
          close() {},
        }),
    },
  });
  const error = await assertRejects(() => wire, MqttError, "without an answer");
  assertEquals(error.cause, reset);

  const listener = Deno.listen({ hostname: "127.0.0.1", port: 0 });
  const { port } = listener.addr;
  listener.close();
  const down = websocket({
    transport: tcp({ hostname: "127.0.0.1", port }),
    host: "localhost",
    path: "/",
  });
  await assertRejects(
    () => down.open(NEVER),
    Deno.errors.ConnectionRefused,
  );
});

Deno.test("websocket takes an answer that comes byte by byte, and writes a request bit by bit", async () => {
  const [ours, theirs] = memoryWires();
  const below: Wire = {
    ...ours,
    read: (into) => ours.read(into.subarray(0, 1)),
    write: (bytes) => ours.write(bytes.subarray(0, 10)),
  };
  const peer = new Peer(theirs);
  const [wire] = await Promise.all([
    websocket({
      transport: { open: () => Promise.resolve(below) },
      host: "localhost",
      path: "/",
    }).open(NEVER),
    peer.accept(frame(2, latin1("x"))),
  ]);
  const into = new Uint8Array(5);
  assertEquals(await wire.read(into), 1);
  assertEquals(into[0], 0x78);
  wire.close();
});

Deno.test("websocket gives up at each step when the signal fires, and drops the wire", async () => {
  const reason = new Error("no");
  const rejected = async (wire: Promise<Wire>) =>
    assertEquals(await assertRejects(() => wire), reason);

  await rejected(opening(AbortSignal.abort(reason)).wire);

  // While the headers are asked for: no wire was there to drop.
  const asking = new AbortController();
  const unanswered = opening(asking.signal, {
    headers: () => new Promise(() => {}),
  });
  assert(await isPending(unanswered.wire));
  asking.abort(reason);
  await rejected(unanswered.wire);
  assertEquals(unanswered.closed(), 0);

  // While the wire below is opened, which is told.
  const connecting = new AbortController();
  const unopened = opening(connecting.signal, {
    transport: {
      open: (signal) =>
        new Promise((_, reject) => {
          signal.addEventListener("abort", () => reject(signal.reason));
        }),
    },
  });
  connecting.abort(reason);
  await rejected(unopened.wire);

  // Before the answer, and in the middle of it: there it says how far it came.
  for (const said of ["", "HTTP/1.1 101"]) {
    const waiting = new AbortController();
    const { peer, wire, closed } = opening(waiting.signal);
    await peer.request();
    await peer.send(latin1(said));
    assert(await isPending(wire));
    waiting.abort(reason);
    const error = await assertRejects(() => wire, WireError);
    assertEquals(error.stage, "websocket");
    assertEquals(error.cause, reason);
    assertEquals(closed(), 1);
  }
});

Deno.test("websocket drops a wire that comes after the signal has fired", async () => {
  const controller = new AbortController();
  const reason = new Error("no");
  const [ours] = memoryWires();
  const late = Promise.withResolvers<Wire>();
  let closed = 0;
  const { wire } = opening(controller.signal, {
    transport: { open: () => late.promise },
  });
  controller.abort(reason);
  late.resolve({ ...ours, close: () => closed++ });
  const error = await assertRejects(() => wire, WireError);
  assertEquals(error.cause, reason);
  assertEquals(closed, 1);
});

Deno.test("websocket is no longer concerned with its signal once it is open", async () => {
  const controller = new AbortController();
  const { peer, wire } = opening(controller.signal);
  await peer.accept();
  const open = await wire;
  controller.abort();
  assertEquals(await open.write(latin1("x")), 1);
  assertEquals((await peer.frame())?.payload, latin1("x"));
  open.close();
});

/** A server of Deno that sends everything back, and says what it was told in the end. */
async function withEcho(
  run: (
    options: WebSocketOptions,
    ended: Promise<{ code: number; reason: string }>,
  ) => Promise<void>,
  protocol = "mqtt",
): Promise<void> {
  const ended = Promise.withResolvers<{ code: number; reason: string }>();
  const server = Deno.serve(
    { hostname: "127.0.0.1", port: 0, onListen() {} },
    (request) => {
      const { pathname } = new URL(request.url);
      if (pathname !== "/mqtt") {
        return new Response("no", { status: 404 });
      }
      if (request.headers.get("authorization") !== "Bearer x") {
        return new Response("no", { status: 401 });
      }
      const { socket, response } = Deno.upgradeWebSocket(
        request,
        protocol === "" ? {} : { protocol },
      );
      socket.binaryType = "arraybuffer";
      socket.onmessage = ({ data }) => {
        if (data.byteLength === 3) socket.close(4000, "three bytes");
        else if (data.byteLength === 4) socket.send("four");
        else socket.send(data);
      };
      socket.onclose = ({ code, reason }) => ended.resolve({ code, reason });
      return response;
    },
  );
  const { port } = server.addr;
  try {
    await run({
      transport: tcp({ hostname: "127.0.0.1", port }),
      host: `127.0.0.1:${port}`,
      path: "/mqtt",
      headers: { Authorization: "Bearer x" },
    }, ended.promise);
  } finally {
    await server.shutdown();
  }
}

Deno.test("websocket carries the same bytes to a server of Deno and back, and ends in order", async () => {
  await withEcho(async (options, ended) => {
    const wire = await websocket(options).open(NEVER);
    const sizes = [1, 125, 126, 65_535, 65_536, 1 << 20];
    const data = sizes.map((size) =>
      Uint8Array.from({ length: size }, (_, i) => i * 7 + (i >> 8))
    );
    const writing = (async () => {
      for (const part of data) {
        for (let at = 0; at < part.length;) {
          at += await wire.write(part.subarray(at));
        }
      }
    })();
    const total = sizes.reduce((sum, size) => sum + size, 0);
    const back = new Uint8Array(total);
    for (let at = 0; at < total;) {
      const size = await wire.read(back.subarray(at));
      assert(size !== null);
      at += size;
    }
    await writing;
    assertEquals(back, concat(data));
    await wire.closeWrite?.();
    assertEquals(await wire.read(new Uint8Array(1)), null);
    wire.close();
    assertEquals(await ended, { code: 1000, reason: "" });
  });
});

Deno.test("websocket is told by a server of Deno why it closes", async () => {
  await withEcho(async (options, ended) => {
    const wire = await websocket(options).open(NEVER);
    await wire.write(new Uint8Array(3));
    const error = await assertRejects(() => wire.read(new Uint8Array(1)));
    assert(error instanceof MqttError);
    assertEquals(
      error.message,
      'the server closed the WebSocket: 4000 "three bytes"',
    );
    wire.close();
    assertEquals((await ended).code, 4000);
  });
});

Deno.test("websocket tells a server of Deno that text is not MQTT", async () => {
  await withEcho(async (options, ended) => {
    const wire = await websocket(options).open(NEVER);
    await wire.write(new Uint8Array(4));
    await assertRejects(
      () => wire.read(new Uint8Array(100)),
      MqttError,
      "MQTT-6.0.0-1",
    );
    wire.close();
    assertEquals((await ended).code, 1003);
  });
});

for (
  const { name, wrong, protocol, error } of [
    {
      name: "another path",
      wrong: { path: "/" },
      error:
        "the server answered the WebSocket upgrade with HTTP 404 Not Found",
    },
    {
      name: "no token",
      wrong: { headers: {} },
      error:
        "the server answered the WebSocket upgrade with HTTP 401 Unauthorized",
    },
    {
      name: "no subprotocol",
      wrong: {},
      protocol: "",
      error:
        "the server does not take the WebSocket subprotocol mqtt: it names none",
    },
  ]
) {
  Deno.test(`websocket rejects where a server of Deno is given ${name}`, async () => {
    await withEcho(async (options) => {
      const thrown = await assertRejects(
        () => websocket({ ...options, ...wrong }).open(NEVER),
        MqttError,
      );
      assertEquals(thrown.message, error);
    }, protocol);
  });
}
