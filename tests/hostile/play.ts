// Plays a row of the table of faults against the whole client over a real socket, and looks at all that
// comes of it.

import {
  assertEquals,
  assertInstanceOf,
  assertRejects,
  assertStringIncludes,
} from "@std/assert";
import {
  connect,
  ConnectError,
  ConnectionLostError,
  type ConnectOptions,
  ProtocolError,
} from "../../mod.ts";
import type { Row } from "./fault.ts";
import { Listener } from "./server.ts";
import { assertAllSettled, beginWork, MESSAGES_IN_HAND } from "./work.ts";

/**
 * What CONNACK says where it accepts. Under MQTT 5 the server has no Subscription Identifiers, so that one
 * SUBSCRIBE asks for several filters.
 */
export const CONNACK = { 3: "20020000", 4: "20020000", 5: "20050000022900" };

/** Plays rows, all at once; each that goes otherwise than it should is told. */
export async function playAll<
  Played extends Pick<Row, "version"> & Partial<Pick<Row, "phase">>,
>(
  rows: readonly Played[],
  play: (row: Played) => Promise<void>,
): Promise<void> {
  const failures = await Promise.all(rows.map(async (row) => {
    try {
      await play(row);
      return [];
    } catch (error) {
      const name = [`version ${row.version}`, row.phase ?? []].flat();
      return [new Error(name.join(", "), { cause: error })];
    }
  }));
  const [first, ...others] = failures.flat();
  if (others.length > 0) throw new AggregateError([first, ...others]);
  if (first !== undefined) throw first;
}

/** Plays a row. */
export async function play(row: Row): Promise<void> {
  await (row.phase === "before CONNACK"
    ? playBeforeConnack(row)
    : playConnected(row));
}

async function playBeforeConnack(row: Row): Promise<void> {
  using listener = new Listener();
  const connecting = connect(url(listener), optionsOf(row));
  connecting.catch(() => {});
  const server = await listener.accept();
  await server.take(1); // CONNECT
  await server.send(row.fault.bytes);
  assertEquals(await server.rest(), lastBytes(row));
  const error = await assertRejects(() => connecting, ConnectError);
  assertEquals(error.stage, "connack");
  assertEquals(error.reasonCode, undefined);
  assertTold(error, row);
}

async function playConnected(row: Row): Promise<void> {
  const { fault, version, phase } = row;
  const { bytes, delivered = 0 } = fault;
  using listener = new Listener();
  const connecting = connect(url(listener), optionsOf(row));
  const server = await listener.accept();
  await server.take(1);
  const isBehind = phase === "behind CONNACK";
  await server.send(CONNACK[version], ...(isBehind ? [bytes] : []));
  const client = await connecting;
  const work = phase === "with work under way"
    ? await beginWork(client, server, version)
    : undefined;
  const next = work === undefined && delivered === 0
    ? client[Symbol.asyncIterator]().next()
    : undefined;
  next?.catch(() => {});
  if (!isBehind) await server.send(bytes);

  const error = await client.closed;
  assertInstanceOf(error, ConnectionLostError);
  assertTold(error, row);
  if (next !== undefined) await assertRejects(() => next, ConnectionLostError);
  if (work !== undefined) await assertAllSettled(work);
  assertEquals(await server.rest(), lastBytes(row));

  const stats = client.stats();
  const inHand = work === undefined ? 0 : MESSAGES_IN_HAND;
  assertEquals(stats.messagesReceived, delivered + inHand);
  assertEquals(stats.strayAcknowledgements, 0);
  assertEquals([stats.inFlight, stats.queued], [0, 0]);
  await assertRejects(() => client.publish("a", "x"), ConnectionLostError);
}

/** All that follows the fault: DISCONNECT with the Reason Code that is due; MQTT 3.x cannot say why. */
function lastBytes({ fault, version }: Row): string {
  if (version < 5) return "";
  return `e001${fault.reasonCode.toString(16).padStart(2, "0")}`;
}

function assertTold(error: Error, { fault }: Row): void {
  const { cause } = error;
  assertInstanceOf(cause, ProtocolError);
  assertEquals(cause.clause, fault.clause, cause.message);
  assertEquals(cause.reasonCode, fault.reasonCode, cause.message);
  assertStringIncludes(error.message, `[${fault.clause}]`);
}

/** The messages in hand are acknowledged by nobody but the test. */
function optionsOf({ fault, version }: Row): ConnectOptions {
  return {
    protocolVersion: version,
    reconnect: false,
    ack: "manual",
    ...fault.options,
  };
}

function url({ port }: Listener): string {
  return `mqtt://127.0.0.1:${port}`;
}
