// The server's end of a WebSocket, with our own client, and with bytes, at the other.

import { assertEquals, assertRejects } from "@std/assert";
import { concat } from "@std/bytes";
import { MqttError } from "../../src/errors.ts";
import { memoryWires } from "../../src/transport/memory.ts";
import { websocket } from "../../src/transport/websocket.ts";
import { acceptWebSocket } from "../../src/transport/websocket_server.ts";
import type { Wire } from "../../src/transport/wire.ts";
import { bytes, latin1 } from "./websocket_frames.ts";
import { NEVER, readAll } from "./websocket_peer.ts";

const MASK = "37 fa 21 3d";

const REQUEST = latin1(
  "GET /mqtt HTTP/1.1\r\nUpgrade: websocket\r\nConnection: Upgrade\r\n" +
    "Sec-WebSocket-Key: dGhlIHNhbXBsZSBub25jZQ==\r\n" +
    "Sec-WebSocket-Version: 13\r\nSec-WebSocket-Protocol: mqtt\r\n\r\n",
);

const ANSWER = latin1(
  "HTTP/1.1 101 Switching Protocols\r\nUpgrade: websocket\r\n" +
    "Connection: Upgrade\r\n" +
    "Sec-WebSocket-Accept: s3pPLMBiTxaQ9kYGzzhZRbK+xOo=\r\n" +
    "Sec-WebSocket-Protocol: mqtt\r\n\r\n",
);

async function write(wire: Wire, data: Uint8Array): Promise<void> {
  for (let at = 0; at < data.length;) {
    at += await wire.write(data.subarray(at));
  }
}

function noise(size: number): Uint8Array<ArrayBuffer> {
  return Uint8Array.from({ length: size }, (_, i) => (i * 31 + (i >> 8)) & 255);
}

/** A WebSocket between two of ours. */
async function pair(path = "/mqtt"): Promise<{ client: Wire; server: Wire }> {
  const [ours, theirs] = memoryWires();
  const transport = { open: () => Promise.resolve(ours) };
  const [client, server] = await Promise.all([
    websocket({ transport, host: "localhost", path }).open(NEVER),
    acceptWebSocket(theirs, "/mqtt"),
  ]);
  return { client, server };
}

for (const size of [1, 125, 126, 65_535, 65_536, 600_000]) {
  Deno.test(`acceptWebSocket carries ${size} bytes both ways, in reads of any size`, async () => {
    const { client, server } = await pair("/mqtt?a=b");
    for (const [from, to] of [[client, server], [server, client]] as const) {
      const sent = noise(size);
      const writing = write(from, sent);
      const parts: Uint8Array[] = [];
      for (let got = 0; got < size;) {
        const block = new Uint8Array(1 + got % 4_093);
        const read = await to.read(block) ?? 0;
        parts.push(block.slice(0, read));
        got += read;
      }
      await writing;
      assertEquals(concat(parts), sent);
    }
    client.close();
    server.close();
  });
}

Deno.test("acceptWebSocket goes on with what came behind the request, byte by byte too", async () => {
  const frame = bytes(`82 85 (mask) ${MASK} (Hello) 7f 9f 4d 51 58`);
  for (const step of [1, 7, 1_000]) {
    const [ours, theirs] = memoryWires();
    const accepting = acceptWebSocket(theirs, "/mqtt");
    const sent = concat([REQUEST, frame]);
    for (let at = 0; at < sent.length; at += step) {
      await write(ours, sent.subarray(at, at + step));
    }
    const server = await accepting;
    void ours.closeWrite?.();
    assertEquals(await readAll(server, 3), latin1("Hello"));
    server.close();
    assertEquals(await readAll(ours, 999), ANSWER);
  }
});

Deno.test("acceptWebSocket: the server's frames have no mask, and it answers ping and close", async () => {
  const [ours, theirs] = memoryWires();
  const accepting = acceptWebSocket(theirs, "/mqtt");
  await write(ours, REQUEST);
  const server = await accepting;
  await write(server, latin1("Hi"));
  await write(ours, bytes(`89 81 ${MASK} 56   88 82 ${MASK} 34 12`));
  assertEquals(await readAll(server, 100), new Uint8Array(0));
  server.close();
  assertEquals(
    await readAll(ours, 999),
    concat([ANSWER, bytes("82 02 48 69   8a 01 61   88 02 03 e8")]),
  );
});

Deno.test("acceptWebSocket ends a client that does not mask, with 1002", async () => {
  const [ours, theirs] = memoryWires();
  const accepting = acceptWebSocket(theirs, "/mqtt");
  await write(ours, concat([REQUEST, bytes("82 01 00")]));
  const server = await accepting;
  await assertRejects(
    () => server.read(new Uint8Array(9)),
    MqttError,
    "a WebSocket frame of the client is not masked",
  );
  server.close();
  assertEquals(
    await readAll(ours, 999),
    concat([ANSWER, bytes("88 02 03 ea")]),
  );
});

Deno.test("acceptWebSocket rejects another path, which our client is told", async () => {
  const [ours, theirs] = memoryWires();
  const transport = { open: () => Promise.resolve(ours) };
  const opening = websocket({ transport, host: "localhost", path: "/" })
    .open(NEVER);
  await assertRejects(
    () => acceptWebSocket(theirs, "/mqtt"),
    MqttError,
    "the WebSocket upgrade is refused: MQTT is at /mqtt, not at /",
  );
  await assertRejects(() => opening, MqttError, "HTTP 404 Not Found");
});

Deno.test("acceptWebSocket rejects a head that never ends, with 431", async () => {
  const [ours, theirs] = memoryWires();
  const accepting = acceptWebSocket(theirs, "/mqtt");
  accepting.catch(() => {});
  await write(ours, latin1(`GET /mqtt HTTP/1.1\r\na: ${"x".repeat(20_000)}`));
  await assertRejects(() => accepting, MqttError, "more than 16384 bytes");
  const answer = new TextDecoder().decode(await readAll(ours, 999));
  assertEquals(
    answer.split("\r\n")[0],
    "HTTP/1.1 431 Request Header Fields Too Large",
  );
});

Deno.test("acceptWebSocket rejects what is no HTTP with its first bytes, and a request that is cut", async () => {
  const [ours, theirs] = memoryWires();
  await write(ours, bytes("10 0d 00 04"));
  await assertRejects(
    () => acceptWebSocket(theirs, "/mqtt"),
    MqttError,
    "the client speaks no HTTP",
  );
  const [one, other] = memoryWires();
  await write(one, REQUEST.subarray(0, 50));
  void one.closeWrite?.();
  await assertRejects(
    () => acceptWebSocket(other, "/mqtt"),
    MqttError,
    "the client sent no whole request",
  );
});
