// Every fault of WebSocket's frames, in each version of MQTT, against the whole client over a real socket.

import {
  assertEquals,
  assertInstanceOf,
  assertRejects,
  assertStringIncludes,
} from "@std/assert";
import { connect, ConnectionLostError, ProtocolError } from "../../mod.ts";
import { framed } from "../transport/served.ts";
import { type Frame, Peer } from "../transport/websocket_peer.ts";
import { frameFaults, type FrameRow, frameRowsOf } from "./faults/websocket.ts";
import { CONNACK, playAll } from "./play.ts";
import { Listener, ServerEnd } from "./server.ts";
import { assertAllSettled, beginWork } from "./work.ts";

for (const fault of frameFaults) {
  Deno.test({
    name: `Client ends at ${fault.name} on a WebSocket`,
    timeout: 30_000,
    async fn() {
      await playAll(frameRowsOf(fault), playFrame);
    },
  });
}

async function playFrame({ fault, version, phase }: FrameRow): Promise<void> {
  using listener = new Listener();
  const connecting = connect(`ws://127.0.0.1:${listener.port}`, {
    protocolVersion: version,
    reconnect: false,
    ack: "manual",
  });
  const peer = new Peer(await listener.acceptConnection());
  await peer.accept();
  const server = new ServerEnd(framed(peer));
  await server.take(1); // CONNECT
  await server.send(CONNACK[version]);
  const client = await connecting;
  const work = phase === "connected"
    ? undefined
    : await beginWork(client, server, version);
  const before = client.stats().messagesReceived;
  await peer.send(fault.bytes);

  const error = await client.closed;
  assertInstanceOf(error, ConnectionLostError);
  assertInstanceOf(error.cause, ProtocolError);
  assertEquals(error.cause.clause, fault.clause);
  assertStringIncludes(error.message, `[${fault.clause}]`);
  if (work !== undefined) await assertAllSettled(work);
  await assertRejects(() => client.publish("a", "x"), ConnectionLostError);
  assertEquals(client.stats().messagesReceived, before);

  // The closing handshake says why (RFC 6455, 7.1.5).
  const { closeCode } = fault;
  const frames = await restOf(peer);
  assertEquals(frames.map(({ first }) => first), [0x88]);
  assertEquals(
    frames[0]?.payload.subarray(0, 2),
    Uint8Array.of(closeCode >> 8, closeCode & 0xff),
  );
  peer.close();
}

/** Every frame until the client ends its side. */
async function restOf(peer: Peer): Promise<Frame[]> {
  const frames: Frame[] = [];
  for (;;) {
    const frame = await peer.frame();
    if (frame === null) return frames;
    frames.push(frame);
  }
}
