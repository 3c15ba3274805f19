// A client that loses its connection, and has another one a second later.

import type { ConnectOptions } from "../../mod.ts";
import type { ConnackPacket, OutgoingPacket } from "../../src/codec/packet.ts";
import { settled } from "./clock.ts";
import {
  answered,
  type Connected,
  connected,
  type ServerEnd,
} from "./server.ts";

/** Session Present: the server has kept the session. */
export const KEPT: Partial<ConnackPacket> = { sessionPresent: true };

/** No Session Present: the server has lost it. */
export const LOST: Partial<ConnackPacket> = { sessionPresent: false };

/** The first wait is as long as one step, the next as two, four and so on. */
const STEP_MS = 1_000;

/** A connected client whose waits are as long as their bounds. */
export function connectedOften(
  options: ConnectOptions = {},
  answer: Partial<ConnackPacket> = {},
): Promise<Connected> {
  return connected({ random: () => 1, ...options }, answer);
}

/** The connection is lost. */
export async function lose(
  { server }: Pick<Connected, "server">,
): Promise<void> {
  server.close();
  await settled();
}

/** Time passes until the client comes back, and is accepted; what is `behind` CONNACK comes in one segment with it. */
export async function comeBack(
  { clock, listener }: Connected,
  answer: Partial<ConnackPacket>,
  ...behind: OutgoingPacket[]
): Promise<ServerEnd> {
  while (listener.waiting === 0) await clock.advance(STEP_MS);
  const { server } = await answered(listener, answer, ...behind);
  await settled();
  return server;
}

/** Loses the connection and comes back. */
export async function reconnected(
  connection: Connected,
  answer: Partial<ConnackPacket>,
  ...behind: OutgoingPacket[]
): Promise<ServerEnd> {
  await lose(connection);
  return await comeBack(connection, answer, ...behind);
}
