// The client over WebSocket against mosquitto: large payloads and long bursts, out and in; the other end of
// each is a client over plain TCP.

import { assert, assertEquals, assertRejects } from "@std/assert";
import { equals } from "@std/bytes";
import { type Client, connect, ConnectError } from "../../mod.ts";
import { whileAwake } from "../support/awake.ts";
import type { SecureMosquitto } from "../support/mosquitto.ts";
import { address, secureMosquittoTest } from "../support/mosquitto_tests.ts";
import { take } from "../support/take.ts";

const MIB = 1024 * 1024;
const BURST = 10_000;

/** Bytes of which no two stretches are alike. */
function noise(size: number): Uint8Array {
  let state = 1;
  return Uint8Array.from({ length: size }, () => {
    state = Math.imul(state, 1_103_515_245) + 12_345 | 0;
    return state >>> 16;
  });
}

for (const protocolVersion of [4, 5] as const) {
  const V = `under version ${protocolVersion}`;

  /**
   * From one client to the other, over plain TCP where it is not over WebSocket. The end that is not looked at
   * speaks 3.1.1: under MQTT 5 mosquitto 2.0.11 sends a burst of QoS 2 beyond any Receive Maximum.
   */
  const between = async (
    { ws, tcp }: SecureMosquitto,
    direction: "out" | "in",
    run: (from: Client, to: Client) => Promise<void>,
  ) => {
    const plain = address(tcp);
    const overWebSocket = `ws://127.0.0.1:${ws}`;
    const isOut = direction === "out";
    await using from = await connect(isOut ? overWebSocket : plain, {
      protocolVersion: isOut ? protocolVersion : 4,
    });
    await using to = await connect(isOut ? plain : overWebSocket, {
      protocolVersion: isOut ? 4 : protocolVersion,
    });
    await run(from, to);
  };

  for (const direction of ["out", "in"] as const) {
    secureMosquittoTest(
      `websocket carries QoS 0, 1 and 2 and 1 MiB, ${direction}, ${V}`,
      async ({ broker }) => {
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
      secureMosquittoTest(
        `websocket carries ${BURST} messages at QoS ${qos} in one burst, ${direction}, ${V}`,
        async ({ broker }) => {
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

secureMosquittoTest(
  "websocket says that a port of plain MQTT closes without an answer",
  async ({ broker }) => {
    const error = await assertRejects(
      () => connect(`ws://127.0.0.1:${broker.tcp}`),
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
