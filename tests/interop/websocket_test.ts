// The client over WebSocket against mosquitto: every QoS, large payloads and bursts, both ways; the other end
// of each is a client over plain TCP.

import { assert, assertEquals, assertRejects } from "@std/assert";
import { equals } from "@std/bytes";
import { type Client, connect, ConnectError } from "../../mod.ts";
import { tcp } from "../../src/transport/tcp.ts";
import { websocket } from "../../src/transport/websocket.ts";
import type { Transport } from "../../src/transport/wire.ts";
import { take } from "../support/take.ts";
import {
  type WebSocketBroker,
  webSocketBrokerTest,
} from "../support/websocket_broker.ts";

const MIB = 1024 * 1024;
const BURST = 10_000;

function over(port: number): Transport {
  return websocket({
    transport: tcp({ hostname: "127.0.0.1", port }),
    host: `127.0.0.1:${port}`,
    path: "/mqtt",
  });
}

/** Bytes of which no two stretches are alike. */
function noise(size: number): Uint8Array {
  let state = 1;
  return Uint8Array.from({ length: size }, () => {
    state = Math.imul(state, 1_103_515_245) + 12_345 | 0;
    return state >>> 16;
  });
}

/**
 * Keeps the broker busy until something has come: mosquitto 2.0.11 writes 4 KiB to a WebSocket and then sleeps,
 * 100 ms where nobody else wakes it.
 */
async function whileAwake<Value>(
  broker: WebSocketBroker,
  something: Promise<Value>,
): Promise<Value> {
  await using waker = await connect(`mqtt://127.0.0.1:${broker.tcp}`);
  let isDone = false;
  const done = () => isDone = true;
  something.then(done, done);
  while (!isDone) await waker.publish("websocket/wake", "", { qos: 1 });
  return await something;
}

for (const protocolVersion of [4, 5] as const) {
  const V = `under version ${protocolVersion}`;

  /**
   * From one client to the other, over plain TCP where it is not over WebSocket. The end that is not looked at
   * speaks 3.1.1: under MQTT 5 mosquitto 2.0.11 sends a burst of QoS 2 beyond any Receive Maximum.
   */
  const between = async (
    { ws, tcp }: WebSocketBroker,
    direction: "out" | "in" | "both",
    run: (from: Client, to: Client) => Promise<void>,
  ) => {
    const url = `mqtt://127.0.0.1:${tcp}`;
    const isOut = direction === "out";
    await using from = await connect(url, {
      protocolVersion: isOut ? protocolVersion : 4,
      ...(direction === "in" ? {} : { transport: over(ws) }),
    });
    await using to = await connect(url, {
      protocolVersion: isOut ? 4 : protocolVersion,
      ...(isOut ? {} : { transport: over(ws) }),
    });
    await run(from, to);
  };

  for (const direction of ["out", "in", "both"] as const) {
    webSocketBrokerTest(
      `websocket carries QoS 0, 1 and 2 and 1 MiB, ${direction}, ${V}`,
      async (broker) => {
        await between(broker, direction, async (from, to) => {
          const topic = `websocket/qos/${direction}/${protocolVersion}`;
          const messages = await to.subscribe(topic, { qos: 2 });
          const large = noise(MIB);
          const publishing = async () => {
            await from.publish(topic, "none");
            await from.publish(topic, "one", { qos: 1 });
            await from.publish(topic, "two", { qos: 2 });
            for (const qos of [0, 1, 2] as const) {
              await from.publish(topic, large, { qos });
            }
          };
          const [taken] = await whileAwake(
            broker,
            Promise.all([take(messages, 6), publishing()]),
          );
          assertEquals(taken.map(({ qos }) => qos), [0, 1, 2, 0, 1, 2]);
          assertEquals(
            taken.slice(0, 3).map((message) => message.text()),
            ["none", "one", "two"],
          );
          for (const { payload } of taken.slice(3)) {
            assert(equals(payload, large));
          }
        });
      },
    );

    for (const qos of [0, 1, 2] as const) {
      webSocketBrokerTest(
        `websocket carries ${BURST} messages at QoS ${qos} in one burst, ${direction}, ${V}`,
        async (broker) => {
          await between(broker, direction, async (from, to) => {
            const topic =
              `websocket/burst/${direction}/${qos}/${protocolVersion}`;
            const messages = await to.subscribe(topic, { qos });
            const lines = Array.from({ length: BURST }, (_, i) => `${i}`);
            const [taken] = await Promise.all([
              take(messages, BURST),
              ...lines.map((line) => from.publish(topic, line, { qos })),
            ]);
            assertEquals(taken.map((message) => message.text()), lines);
          });
        },
      );
    }
  }
}

webSocketBrokerTest(
  "websocket says that a port of plain MQTT closes without an answer",
  async (broker) => {
    const error = await assertRejects(
      () => connect("mqtt://localhost", { transport: over(broker.tcp) }),
      ConnectError,
    );
    assertEquals(error.stage, "websocket");
    assert(
      error.message.endsWith(
        ": the server closed it without an answer to the WebSocket upgrade",
      ),
      error.message,
    );
  },
);
