// Frames of WebSocket that are unusual and right, in each version of MQTT, against the whole client.

import { assertEquals } from "@std/assert";
import { connect } from "../../mod.ts";
import type { ProtocolVersion } from "../../src/codec/packet.ts";
import { ALL, bytesOf } from "../codec/golden.ts";
import { framed } from "../transport/served.ts";
import { bytes, frame } from "../transport/websocket_frames.ts";
import { Peer } from "../transport/websocket_peer.ts";
import { CONNACK, playAll } from "./play.ts";
import { Listener, ServerEnd } from "./server.ts";

/** A row: what is sent of a message to topic "a" whose payload is 0x68, and the pongs that are due. */
interface FrameRow {
  readonly version: ProtocolVersion;
  readonly send: (message: Uint8Array) => readonly Uint8Array[];
  readonly pongs: readonly string[];
}

const NOTHING = new Uint8Array(0);

// deno-fmt-ignore
const ROWS: Readonly<Record<string, Omit<FrameRow, "version">>> = {
  "a message in a frame for each byte": {
    send: (message) => Array.from(message, (byte) => frame(2, Uint8Array.of(byte))),
    pongs: [],
  },
  "a message in fragments, some of no length": {
    send: (message) => [
      frame(2, message.subarray(0, 3), { fin: false }), frame(0, NOTHING, { fin: false }),
      frame(0, message.subarray(3), { fin: false }), frame(0, NOTHING),
    ],
    pongs: [],
  },
  "a ping inside a message in fragments": {
    send: (message) => [
      frame(2, message.subarray(0, 3), { fin: false }), frame(9, bytes("70 69 6e 67")), frame(0, message.subarray(3)),
    ],
    pongs: ["70696e67"],
  },
  "a ping of no length, and a pong that nobody asked for": {
    send: (message) => [frame(9, NOTHING), frame(10, bytes("01")), frame(2, message)],
    pongs: [""],
  },
  "frames of no length": {
    send: (message) => [frame(2, NOTHING), frame(2, message), frame(2, NOTHING)],
    pongs: [],
  },
  "two packets in one frame": {
    send: (message) => [frame(2, Uint8Array.of(0xd0, 0, ...message))],
    pongs: [],
  },
};

for (const [name, row] of Object.entries(ROWS)) {
  Deno.test({
    name: `Client takes ${name} on a WebSocket`,
    timeout: 30_000,
    async fn() {
      await playAll(ALL.map((version) => ({ ...row, version })), playFrames);
    },
  });
}

async function playFrames(
  { version, send, pongs }: FrameRow,
): Promise<void> {
  using listener = new Listener();
  const connecting = connect(`ws://127.0.0.1:${listener.port}`, {
    protocolVersion: version,
    reconnect: false,
  });
  const peer = new Peer(await listener.acceptConnection());
  await peer.accept();
  const server = new ServerEnd(framed(peer));
  await server.take(1); // CONNECT
  await server.send(CONNACK[version]);
  const client = await connecting;
  const next = client[Symbol.asyncIterator]().next();
  const message = bytesOf(
    version === 5 ? "30 05 00 01 61 00 68" : "30 04 00 01 61 68",
  );
  await peer.send(...send(message));
  const { value } = await next;
  assertEquals([value?.topic, value?.payload.toHex()], ["a", "68"]);
  for (const pong of pongs) {
    const answer = await peer.frame();
    assertEquals([answer?.first, answer?.payload.toHex()], [0x8a, pong]);
  }

  const disconnecting = client.disconnect();
  const frames = [await peer.frame(), await peer.frame()];
  assertEquals(frames.map((frame) => frame?.first), [0x82, 0x88]);
  assertEquals(frames[0]?.payload.toHex(), "e000");
  await peer.send(bytes("88 02 03 e8"));
  peer.end();
  await disconnecting;
  assertEquals(await peer.frame(), null);
  peer.close();
}
