// What a row of the table of unusual but valid things is, and how it is played against the whole client over
// a real socket: the client takes it, does what is due, and lives.

import { assertEquals } from "@std/assert";
import {
  type Client,
  connect,
  type ConnectionInfo,
  type ConnectOptions,
  type Message,
  PublishError,
  SubscribeError,
  UnsubscribeError,
} from "../../mod.ts";
import type { ProtocolVersion } from "../../src/codec/packet.ts";
import { CONNACK } from "./play.ts";
import { Listener, type ServerEnd } from "./server.ts";

/** What is asked of the client first: a message to topic "a" at a QoS, or two filters. Its n-th ask has Packet Identifier n. */
export type Ask = "publish 1" | "publish 2" | "subscribe" | "unsubscribe";

/** Something that is taken. */
export interface Valid {
  readonly name: string;
  readonly version: ProtocolVersion;
  readonly options?: ConnectOptions;
  /** Whether the version is the first that is tried, and not the only one. */
  readonly fallsBack?: true;
  /** Another CONNACK than the plain one, in hexadecimal. */
  readonly connack?: string;
  readonly asks?: readonly Ask[];
  /** `< ` and what the server sends in one segment, `> ` and the packet that must come next, in hexadecimal. */
  readonly dialogue?: readonly string[];
  /** What the program gets; see `lineOf`. */
  readonly delivers?: readonly string[];
  /** The properties of the message that is delivered, where they matter. */
  readonly properties?: Message["properties"];
  /** What becomes of each ask; see `outcomeOf`. */
  readonly outcomes?: readonly string[];
  /** The acknowledgements of nothing that are counted and told. */
  readonly strays?: readonly string[];
  /** What was agreed on, where that matters. */
  readonly connection?: Partial<ConnectionInfo>;
}

/** A PUBREL of nothing: its PUBCOMP shows that the client lives, and has looked at all that came before. */
const LAST_PUBREL = "6202fffe";
const LAST_PUBCOMP = { 3: "7002fffe", 4: "7002fffe", 5: "7003fffe92" };

/** Plays a row. */
export async function playValid(row: Valid): Promise<void> {
  const { version, asks = [], dialogue = [], delivers = [], strays = [] } = row;
  using listener = new Listener();
  const connecting = connect(`mqtt://127.0.0.1:${listener.port}`, {
    ...(row.fallsBack ? {} : { protocolVersion: version }),
    reconnect: false,
    ...row.options,
  });
  const server = await listener.accept();
  await server.take(1); // CONNECT
  await server.send(row.connack ?? CONNACK[version]);
  const client = await connecting;
  const told = straysOf(client);
  const asked = asks.map((ask) => outcomeOf(askOf(client, ask)));
  await server.take(asks.length);
  const { messages, taken } = take(client, delivers.length);

  for (const step of dialogue) await playStep(server, step);
  const spoken = client.connection.protocolVersion;
  await server.send(LAST_PUBREL);
  assertEquals(await server.take(1), [LAST_PUBCOMP[spoken]]);
  assertEquals(await Promise.all(asked), row.outcomes ?? []);
  await taken;

  const stats = client.stats();
  const disconnecting = client.disconnect();
  assertEquals(await server.rest(), "e000");
  await disconnecting;
  assertEquals(await client.closed, undefined);
  assertEquals(messages.map(lineOf), delivers);
  assertEquals(stats.messagesReceived, delivers.length);
  assertEquals(await told, strays);
  assertEquals(stats.strayAcknowledgements, strays.length);
  if (row.properties !== undefined) {
    assertEquals(messages[0]?.properties, row.properties);
  }
  if (row.connection !== undefined) {
    const { connection } = client;
    assertEquals({ ...connection, ...row.connection }, connection);
  }
}

async function playStep(server: ServerEnd, step: string): Promise<void> {
  const bytes = step.slice(2).replaceAll(/\s/g, "");
  if (step.startsWith("< ")) await server.send(bytes);
  else assertEquals(await server.take(1), [bytes]);
}

/** A message: topic, payload, and what is not as usual. */
function lineOf({ topic, qos, retain, dup, ...message }: Message): string {
  return [
    `${topic} ${message.payload.toHex()}`,
    ...(qos > 0 ? [`qos ${qos}`] : []),
    ...(retain ? ["retain"] : []),
    ...(dup ? ["dup"] : []),
  ].join(" ");
}

function askOf(client: Client, ask: Ask): Promise<unknown> {
  switch (ask) {
    case "publish 1":
      return client.publish("a", "x", { qos: 1 });
    case "publish 2":
      return client.publish("a", "x", { qos: 2 });
    case "subscribe":
      return client.subscribe(["b/1", "b/2"], { qos: 1, partial: true })
        .then(({ granted }) => granted);
    case "unsubscribe":
      return client.unsubscribe(["c/1", "c/2"]);
  }
}

/** What becomes of an ask: what it resolves with, or the Reason Codes and the words of its refusal. */
async function outcomeOf(asked: Promise<unknown>): Promise<string> {
  try {
    return JSON.stringify(await asked);
  } catch (error) {
    if (error instanceof PublishError) {
      const { name, delivery, reasonCode = 0, reasonString = "" } = error;
      return `${name} ${delivery} ${reasonCode} ${reasonString}`.trim();
    }
    if (error instanceof SubscribeError || error instanceof UnsubscribeError) {
      return `${error.name} ${error.reasonCodes}`;
    }
    throw error;
  }
}

/** Takes messages out of the client's loop, and acknowledges each when it asks for the next. */
function take(
  client: Client,
  count: number,
): { messages: Message[]; taken: Promise<void> } {
  const messages: Message[] = [];
  const { promise, resolve } = Promise.withResolvers<void>();
  if (count === 0) resolve();
  void (async () => {
    for await (const message of client) {
      messages.push(message);
      if (messages.length === count) resolve();
    }
  })();
  return { messages, taken: promise };
}

async function straysOf(client: Client): Promise<string[]> {
  const strays: string[] = [];
  for await (const event of client.status()) {
    if (event.type !== "stray") continue;
    strays.push(`${event.packetType} ${event.packetId}`);
  }
  return strays;
}
