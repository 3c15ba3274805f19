// Work of each kind under way with a server: what waits on both sides when something hostile comes.

import {
  assert,
  assertEquals,
  assertInstanceOf,
  assertRejects,
} from "@std/assert";
import { type Client, ConnectionLostError, type Message } from "../../mod.ts";
import type { ProtocolVersion } from "../../src/codec/packet.ts";
import type { ServerEnd } from "./server.ts";

/** How many messages the server has sent, and the client has not acknowledged or, of the last, not completed. */
export const MESSAGES_IN_HAND = 3;

/** What waits. */
export interface Work {
  /** The messages, by QoS and by how far they have come; the loop waits for a further one. */
  readonly publishes: readonly Promise<unknown>[];
  readonly requests: readonly Promise<unknown>[];
  readonly next: Promise<unknown>;
}

/**
 * Begins work of each kind. Of the client's Packet Identifiers then
 *
 * - 1 is a PUBLISH of QoS 1, and waits for PUBACK,
 * - 2 is a PUBLISH of QoS 2, and waits for PUBREC,
 * - 3 is a PUBLISH of QoS 2 that is released, and waits for PUBCOMP,
 * - 4 is a SUBSCRIBE to two filters, 5 an UNSUBSCRIBE from two.
 *
 * Of the server's, 9 is a PUBLISH of QoS 1 and 10 one of QoS 2, both with the program and not acknowledged;
 * 11 is a PUBLISH of QoS 2 whose PUBREC has left, and which waits for PUBREL.
 */
export async function beginWork(
  client: Client,
  server: ServerEnd,
  version: ProtocolVersion,
): Promise<Work> {
  const none = version === 5 ? "00" : "";
  const publishes = ([1, 2, 2] as const).map((qos) =>
    client.publish("a", "x", { qos })
  );
  const requests = [
    client.subscribe(["b/1", "b/2"], { qos: 1 }),
    client.unsubscribe(["c/1", "c/2"]),
  ];
  const asked = await server.take(5);
  assertEquals(asked.map((packet) => packet.slice(0, 2)), [
    ...["32", "34", "34", "82", "a2"],
  ]);
  await server.send("50 02 00 03");
  assertEquals(await server.take(1), ["62020003"]);

  const size = version === 5 ? "06" : "05";
  await server.send(
    `32 ${size} 00 01 64 00 09 ${none}`,
    `34 ${size} 00 01 64 00 0b ${none}`,
    `34 ${size} 00 01 64 00 0a ${none}`,
  );
  const loop = client[Symbol.asyncIterator]();
  const [, owned] = await takeFrom(loop, MESSAGES_IN_HAND);
  await owned?.ack();
  assertEquals(await server.take(1), ["5002000b"]);
  return { publishes, requests, next: loop.next() };
}

/** Everything that waits has ended, each with the error that is due. */
export async function assertAllSettled(
  { publishes, requests, next }: Work,
): Promise<void> {
  for (const publish of publishes) {
    const error = await assertRejects(() => publish, ConnectionLostError);
    assertEquals(error.delivery, "unknown");
  }
  for (const request of requests) {
    const error = await assertRejects(() => request, ConnectionLostError);
    assertEquals(error.delivery, undefined);
  }
  assertInstanceOf(
    await assertRejects(() => next, ConnectionLostError),
    ConnectionLostError,
  );
}

async function takeFrom(
  loop: AsyncIterator<Message, undefined>,
  count: number,
): Promise<Message[]> {
  const messages: Message[] = [];
  while (messages.length < count) {
    const { value } = await loop.next();
    assert(value !== undefined, "The loop has ended");
    messages.push(value);
  }
  return messages;
}
