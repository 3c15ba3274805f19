// A WebSocket that is open, over a wire in memory: the wire's promises, control frames, the end.

import { assert, assertEquals, assertRejects } from "@std/assert";
import { concat } from "@std/bytes";
import fc from "fast-check";
import { MqttError, ProtocolError } from "../../src/errors.ts";
import type { Wire } from "../../src/transport/wire.ts";
import { isPending } from "../client/clock.ts";
import { bytes, closeFrame, frame, latin1 } from "./websocket_frames.ts";
import { type Frame, opened, readAll } from "./websocket_peer.ts";

const BINARY = 0x82;
const CLOSE = 0x88;
const PONG = 0x8a;

/** More than a wire in memory holds. */
const MUCH = 3 << 20;

async function write(wire: Wire, data: Uint8Array): Promise<void> {
  for (let at = 0; at < data.length;) {
    at += await wire.write(data.subarray(at));
  }
}

function noise(size: number): Uint8Array<ArrayBuffer> {
  return Uint8Array.from({ length: size }, (_, i) => (i * 31 + (i >> 8)) & 255);
}

/** What closes in answer: the code of our close frame. */
function codeOf(sent: Frame | null): number | undefined {
  if (sent?.first !== CLOSE) return undefined;
  const [high = 0, low = 0] = sent.payload;
  return high << 8 | low;
}

Deno.test("WebSocketWire write sends a binary frame, and resolves with the size of the payload", async () => {
  const { wire, peer } = await opened();
  const data = latin1("Hello");
  assertEquals(await wire.write(data), 5);
  assertEquals(await peer.frame(), { first: BINARY, payload: data });
  assertEquals(await wire.write(new Uint8Array(0)), 0);
  wire.close();
  assertEquals(await peer.frame(), null);
});

Deno.test("WebSocketWire write sends what is large in several frames, and leaves it as it is", async () => {
  const { wire, peer } = await opened();
  const data = noise(MUCH);
  const before = data.slice();
  const writing = write(wire, data).then(() => wire.closeWrite?.());
  const parts: Uint8Array[] = [];
  for (;;) {
    const sent = await peer.frame();
    if (sent?.first !== BINARY) break;
    assert(sent.payload.length <= 1 << 20);
    parts.push(sent.payload);
  }
  await writing;
  assertEquals(concat(parts), before);
  assertEquals(data, before);
  wire.close();
});

Deno.test("WebSocketWire write waits while the peer does not read, and close ends it", async () => {
  const { wire } = await opened();
  const writing = write(wire, new Uint8Array(MUCH));
  assert(await isPending(writing));
  wire.close();
  await assertRejects(() => writing);
});

Deno.test("WebSocketWire read fills no more than it is given, over the boundaries of frames", async () => {
  const { wire, peer } = await opened();
  await peer.send(bytes("82 03 61 62 63   02 01 64   00 00   80 02 65 66"));
  const into = new Uint8Array(4);
  const read: Uint8Array[] = [];
  for (let size = 0; size < 6;) {
    const part = await wire.read(into) ?? 0;
    assert(part > 0);
    read.push(into.slice(0, part));
    size += part;
  }
  assertEquals(concat(read), latin1("abcdef"));
  assertEquals(await wire.read(new Uint8Array(0)), 0);
  wire.close();
});

Deno.test("WebSocketWire read takes many frames in one", async () => {
  const { wire, peer } = await opened();
  const frames = Array.from({ length: 100 }, (_, i) => frame(2, noise(i)));
  await peer.send(...frames);
  const expected = concat(Array.from({ length: 100 }, (_, i) => noise(i)));
  const into = new Uint8Array(65_536);
  assertEquals(await wire.read(into), expected.length);
  assertEquals(into.slice(0, expected.length), expected);
  wire.close();
});

Deno.test("WebSocketWire read asks below only when it is asked, and for no more than it is given", async () => {
  const asked: number[] = [];
  const { wire, peer } = await opened({
    over: (below) => ({
      ...below,
      read(into) {
        asked.push(into.length);
        return below.read(into);
      },
    }),
  });
  asked.length = 0;
  await peer.send(frame(2, noise(100)), frame(9, noise(5)));
  assertEquals(asked, []);
  assertEquals(await wire.read(new Uint8Array(10)), 8);
  assertEquals(asked, [10]);
  wire.close();
});

Deno.test("WebSocketWire read gives what comes of a frame of 2^63 - 1 bytes, as it comes", async () => {
  const { wire, peer } = await opened();
  const into = new Uint8Array(100);
  await peer.send(bytes("82 7f 7f ff*7 61"));
  assertEquals(await wire.read(into), 1);
  await peer.send(latin1("bc"));
  assertEquals(await wire.read(into), 2);
  assertEquals(into.slice(0, 2), latin1("bc"));
  wire.close();
});

Deno.test("WebSocketWire read begins with what came together with the answer", async () => {
  for (const size of [1, 3, 1_000]) {
    const { wire, peer } = await opened({
      early: concat([frame(2, latin1("early")), bytes("82 04 62")]),
    });
    await peer.send(latin1("ird"), closeFrame(1000));
    assertEquals(await readAll(wire, size), latin1("earlybird"));
    wire.close();
  }
});

Deno.test("WebSocketWire answers a ping with its payload, while the read goes on", async () => {
  const { wire, peer } = await opened();
  const reading = wire.read(new Uint8Array(10));
  await peer.send(frame(9, latin1("are you there")));
  assertEquals(await peer.frame(), {
    first: PONG,
    payload: latin1("are you there"),
  });
  assert(await isPending(reading));
  await peer.send(frame(10, latin1("unasked")), frame(2, latin1("x")));
  assertEquals(await reading, 1);
  wire.close();
});

Deno.test("WebSocketWire answers a ping between fragments", async () => {
  const { wire, peer } = await opened();
  await peer.send(bytes("02 01 61   89 01 21   80 01 62"), closeFrame(1000));
  assertEquals(await readAll(wire, 100), latin1("ab"));
  assertEquals(await peer.frame(), { first: PONG, payload: latin1("!") });
  wire.close();
});

Deno.test("WebSocketWire answers a flood of pings behind a write that waits with the latest, never inside a frame", async () => {
  const { wire, peer } = await opened();
  const data = noise(MUCH);
  const writing = write(wire, data);
  assert(await isPending(writing));
  const reading = wire.read(new Uint8Array(1_000));
  for (let i = 0; i < 2_000; i++) await peer.send(frame(9, latin1(`${i}`)));
  assert(await isPending(reading));
  const pongs: string[] = [];
  const parts: Uint8Array[] = [];
  for (let size = 0; size < MUCH;) {
    const sent = await peer.frame();
    assert(sent);
    if (sent.first === PONG) pongs.push(String.fromCharCode(...sent.payload));
    else {
      parts.push(sent.payload);
      size += sent.payload.length;
    }
  }
  await writing;
  assertEquals(concat(parts), data);
  assertEquals(pongs, ["1999"]);
  wire.close();
  await assertRejects(() => reading);
});

Deno.test("WebSocketWire ends in order where the server closes with 1000, 1001 or no code", async () => {
  for (
    const [data, code] of [
      [closeFrame(1000, "bye"), 1000],
      [closeFrame(1001), 1001],
      [bytes("88 00"), 1000],
    ] as const
  ) {
    const { wire, peer } = await opened();
    await peer.send(frame(2, latin1("last")), data, frame(2, latin1("late")));
    assertEquals(await readAll(wire, 100), latin1("last"));
    assertEquals(await wire.read(new Uint8Array(1)), null);
    assertEquals(codeOf(await peer.frame()), code);
    await assertRejects(
      () => wire.write(Uint8Array.of(1)),
      Deno.errors.BrokenPipe,
    );
    wire.close();
    assertEquals(await peer.frame(), null);
  }
});

Deno.test("WebSocketWire throws what the server says as it closes, after what came before, and answers", async () => {
  const { wire, peer } = await opened();
  await peer.send(frame(2, latin1("last")), closeFrame(1008, "not you"));
  const into = new Uint8Array(100);
  assertEquals(await wire.read(into), 4);
  for (let times = 0; times < 2; times++) {
    const error = await assertRejects(() => wire.read(into), MqttError);
    assertEquals(
      error.message,
      'the server closed the WebSocket: 1008 policy violation "not you"',
    );
  }
  assertEquals(codeOf(await peer.frame()), 1008);
  wire.close();
  assertEquals(await peer.frame(), null);
});

for (
  const { name, data, code, clause } of [
    { name: "text", data: "81 01 61", code: 1003, clause: "MQTT-6.0.0-1" },
    {
      name: "a masked frame",
      data: "82 81 00*4 61",
      code: 1002,
      clause: "RFC 6455, 5.1",
    },
    {
      name: "a long control frame",
      data: "89 7e 00 7e",
      code: 1002,
      clause: "RFC 6455, 5.5",
    },
  ]
) {
  Deno.test(`WebSocketWire throws at ${name}, after what came before, and sends close ${code}`, async () => {
    const { wire, peer } = await opened();
    await peer.send(bytes(`82 01 7a ${data}`));
    const into = new Uint8Array(100);
    assertEquals(await wire.read(into), 1);
    const error = await assertRejects(() => wire.read(into), ProtocolError);
    assertEquals(error.clause, clause);
    assertEquals(codeOf(await peer.frame()), code);
    wire.close();
    assertEquals(await peer.frame(), null);
  });
}

Deno.test("WebSocketWire read resolves with null where the server drops the wire between messages", async () => {
  const { wire, peer } = await opened();
  await peer.send(frame(2, latin1("last")));
  peer.end();
  assertEquals(await readAll(wire, 2), latin1("last"));
  wire.close();
});

Deno.test("WebSocketWire read rejects where the server drops the wire inside a message", async () => {
  for (const data of ["82", "82 7e 01", "82 02 61", "02 01 61", "89 02 61"]) {
    const { wire, peer } = await opened();
    await peer.send(bytes(data));
    peer.end();
    await assertRejects(
      () => readAll(wire, 100),
      MqttError,
      "the server closed it in the middle of a WebSocket message",
    );
    wire.close();
  }
});

Deno.test("WebSocketWire closeWrite sends close 1000 behind what was written, and the server's answer ends the read", async () => {
  const { wire, peer } = await opened();
  await wire.write(latin1("bye"));
  const reading = readAll(wire, 100);
  await wire.closeWrite?.();
  await assertRejects(
    () => wire.write(Uint8Array.of(1)),
    Deno.errors.BrokenPipe,
  );
  assertEquals((await peer.frame())?.payload, latin1("bye"));
  assertEquals(codeOf(await peer.frame()), 1000);
  await peer.send(frame(2, latin1("still")), closeFrame(1000));
  assertEquals(await reading, latin1("still"));
  wire.close();
  // One close frame is all.
  assertEquals(await peer.frame(), null);
});

Deno.test("WebSocketWire closeWrite waits no more than a second behind a peer that does not read", async () => {
  const { wire } = await opened();
  const writing = write(wire, new Uint8Array(MUCH));
  assert(await isPending(writing));
  const ending = wire.closeWrite?.() ?? Promise.resolve();
  assert(await isPending(ending));
  await ending;
  wire.close();
  await assertRejects(() => writing);
});

Deno.test("WebSocketWire close ends a read, and a closeWrite that waits", async () => {
  const { wire } = await opened();
  const reading = wire.read(new Uint8Array(1));
  const writing = write(wire, new Uint8Array(MUCH));
  assert(await isPending(writing));
  const ending = wire.closeWrite?.() ?? Promise.resolve();
  assert(await isPending(ending));
  const ended = Promise.all([
    assertRejects(() => reading),
    assertRejects(() => writing),
    ending,
  ]);
  wire.close();
  await ended;
});

Deno.test("WebSocketWire carries the same bytes both ways, however they are cut", async () => {
  await fc.assert(
    fc.asyncProperty(
      fc.array(fc.uint8Array({ minLength: 1, maxLength: 300 }), {
        maxLength: 20,
      }),
      fc.integer({ min: 1, max: 400 }),
      async (parts, size) => {
        const { wire, peer } = await opened();
        for (const part of parts) await write(wire, part);
        await wire.closeWrite?.();
        let sent = await peer.frame();
        for (; sent?.first === BINARY; sent = await peer.frame()) {
          await peer.send(frame(2, sent.payload));
        }
        assertEquals(codeOf(sent), 1000);
        await peer.send(closeFrame(1000));
        assertEquals(await readAll(wire, size), concat(parts));
        wire.close();
      },
    ),
    { numRuns: 50 },
  );
});
