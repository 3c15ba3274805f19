// Why a server ends a connection, as its DISCONNECT of MQTT 5 says. Most faults are those of a raw client: midge makes
// none of them.

import { assert, assertEquals } from "@std/assert";
import { ConnectionLostError, type QoS } from "../../../mod.ts";
import type { OutgoingPublish, Properties } from "../../../src/codec/packet.ts";
import { RawClient } from "./raw_client.ts";
import {
  offered,
  type Scenario,
  type ScenarioGroup,
  since,
} from "./scenario.ts";
import type { Stage } from "./stage.ts";

/** A fault of a client, and what it does on a connection that is good so far. */
interface Fault {
  /** As a sentence: "is told that ...". */
  readonly name: string;
  /** The codes that a server may give for it. */
  readonly reasonCodes: readonly number[];
  /** Whether it is a fault with this server: what CONNACK announces. */
  readonly limit?: (properties: Properties) => boolean;
  /** What is sent; undefined where nothing is. */
  readonly commit?: (
    client: RawClient,
    stage: Stage,
    receiveMaximum: number,
  ) => Promise<void>;
  readonly keepAlive?: number;
  /** Whether it takes the server without narrow limits: its QoS 2, say. */
  readonly isWide?: true;
}

const FAULTS: readonly Fault[] = [
  {
    name: "whose packet is malformed is told so (0x81)",
    reasonCodes: [0x81],
    // A PUBLISH of QoS 3.
    commit: (client) => client.sendBytes(Uint8Array.of(0x36, 4, 0, 1, 97, 0)),
  },
  {
    name: "that sends CONNECT twice is told of a protocol error (0x82)",
    reasonCodes: [0x82],
    commit: (client, { clientId }) =>
      client.send({
        type: "connect",
        protocolVersion: 5,
        cleanStart: true,
        keepAlive: 0,
        clientId,
        username: undefined,
        password: undefined,
        will: undefined,
        properties: {},
      }),
  },
  {
    name: "that is silent for too long is told so (0x8D)",
    reasonCodes: [0x8D],
    keepAlive: 1,
  },
  {
    name: "that publishes to a wildcard is told of the Topic Name (0x90)",
    reasonCodes: [0x90, 0x81, 0x82],
    commit: (client) =>
      client.sendBytes(Uint8Array.of(0x30, 5, 0, 1, 0x23, 0, 97)),
  },
  {
    name: "beyond the server's Receive Maximum is told so (0x93)",
    reasonCodes: [0x93],
    isWide: true,
    limit: ({ receiveMaximum }) => receiveMaximum !== undefined,
    async commit(client, { topic }, receiveMaximum) {
      for (let packetId = 1; packetId <= receiveMaximum + 1; packetId++) {
        await client.send(publish(topic, { qos: 2, packetId }));
      }
    },
  },
  {
    name: "with a Topic Alias that the server does not take is told so (0x94)",
    reasonCodes: [0x94],
    commit: (client, { topic }) =>
      client.send(publish(topic, { properties: { topicAlias: 65_535 } })),
  },
  {
    name: "beyond the server's Maximum Packet Size is told so (0x95)",
    reasonCodes: [0x95],
    limit: ({ maximumPacketSize = Infinity }) => maximumPacketSize < 3_000,
    commit: (client, { topic }) =>
      client.send(publish(topic, { payload: new Uint8Array(3_000) })),
  },
  {
    name: "that has a message retained where none is is told so (0x9A)",
    reasonCodes: [0x9A],
    limit: ({ retainAvailable }) => retainAvailable === false,
    commit: (client, { topic }) =>
      client.send(publish(topic, { retain: true, payload: "kept" })),
  },
  {
    name: "beyond the server's Maximum QoS is told so (0x9B)",
    reasonCodes: [0x9B],
    limit: ({ maximumQoS }) => maximumQoS !== undefined,
    commit: (client, { topic }) =>
      client.send(publish(topic, { qos: 2, packetId: 1 })),
  },
];

export const DISCONNECTS: ScenarioGroup = {
  title: "Why a server ends a connection",
  scenarios: [
    ...since(5, {
      async "A client that was taken over is told so (0x8E)"(stage) {
        const { clientId } = stage;
        const first = await stage.connect({ clientId });
        await stage.connect({ clientId });
        const error = await first.closed;
        assert(error instanceof ConnectionLostError);
        assertEquals(hex(error.reasonCode), "0x8E");
      },

      async "A client is told that the server shuts down (0x8B)"(stage) {
        const client = await stage.connect();
        await stage.server.restart();
        const error = await client.closed;
        assert(error instanceof ConnectionLostError);
        offered(error.reasonCode !== undefined, "it closes without DISCONNECT");
        assertEquals(hex(error.reasonCode), "0x8B");
      },
    }),
    ...FAULTS.flatMap(scenarioOf),
  ],
};

function scenarioOf(fault: Fault): Scenario[] {
  return since(5, {
    [`A client ${fault.name}`]: (stage) => isTold(stage, fault),
  });
}

async function isTold(
  stage: Stage,
  { isWide, limit, keepAlive, commit, reasonCodes }: Fault,
): Promise<void> {
  const { server: { url, limitedUrl, login }, clientId } = stage;
  const { client, connack } = await RawClient.connect(
    isWide || limitedUrl === undefined ? url : limitedUrl,
    {
      ...{ protocolVersion: 5, clientId, ...login },
      ...(keepAlive === undefined ? {} : { keepAlive }),
    },
  );
  using _connection = client;
  assert(connack?.type === "connack");
  const { properties, properties: { receiveMaximum = 65_535 } } = connack;
  offered(limit?.(properties) ?? true, "CONNACK announces no such limit");
  await commit?.(client, stage, receiveMaximum);
  // A server that does not mind answers PINGREQ, and goes on.
  if (keepAlive === undefined) await client.send({ type: "pingreq" });
  for (;;) {
    const packet = await client.next();
    offered(packet !== undefined, "it closes without DISCONNECT");
    offered(packet?.type !== "pingresp", "it does not mind, and goes on");
    if (packet?.type !== "disconnect") continue;
    const told = reasonCodes.includes(packet.reasonCode);
    return assert(told, `DISCONNECT says ${hex(packet.reasonCode)}`);
  }
}

function hex(reasonCode: number | undefined): string {
  return reasonCode === undefined
    ? "no DISCONNECT"
    : `0x${reasonCode.toString(16).toUpperCase().padStart(2, "0")}`;
}

function publish(
  topicName: string,
  more: Partial<Omit<OutgoingPublish, "qos">> & { qos?: QoS },
): OutgoingPublish {
  return {
    type: "publish",
    topicName,
    payload: more.payload ?? "",
    qos: more.qos ?? 0,
    retain: more.retain ?? false,
    dup: false,
    packetId: more.packetId ?? 0,
    properties: more.properties ?? {},
  };
}
