// Any bytes of a server into the whole client, over wires in memory: whatever comes, all that waits settles,
// with an MqttError where it fails.

import { assert } from "@std/assert";
import { type Client, MqttError } from "../../mod.ts";
import { settled } from "../client/clock.ts";
import { dial } from "../client/server.ts";
import { connack } from "../client/packets.ts";
import type { Input } from "./input.ts";

/** Feeds one input. Rejects where a rule is broken. */
export async function feedClient(
  { version, phase, pieces }: Input,
): Promise<void> {
  const { connecting, listener } = dial({
    protocolVersion: version,
    reconnect: false,
    keepAlive: 0,
  });
  const server = await listener.accept();
  const faults: Promise<unknown>[] = [faultOf(connecting)];
  let client: Client | undefined;
  connecting.then((connected) => {
    client = connected;
    faults.push(...use(client).map(faultOf));
  }, () => {});
  if (phase === "connected") {
    await server.next("connect");
    server.send(connack({ protocolVersion: version }));
    await connecting;
  }
  for (const piece of pieces) server.sendBytes(piece.slice());
  await settled();
  server.close();
  await settled();
  for (const fault of await Promise.all(faults)) {
    assert(fault === undefined || fault instanceof MqttError, String(fault));
  }
  client?.close();
}

/** What a promise rejects with; undefined where it does not. */
function faultOf(promise: Promise<unknown>): Promise<unknown> {
  return promise.then(() => undefined, (fault) => fault);
}

/** Everything that waits, at once. */
function use(client: Client): Promise<unknown>[] {
  return [
    client.publish("a", "1", { qos: 1 }),
    client.publish("a", "2", { qos: 2 }),
    client.subscribe("a/#", { qos: 2 }),
    client.unsubscribe("b"),
    client.closed,
    drain(client),
  ];
}

async function drain(client: Client): Promise<void> {
  for await (const message of client) assert(message.topic.length > 0);
}
