// The promises of the receive loop over wires that have frames and records of their own, on real sockets: a
// slow loop, and a cut at any place. The sanitizers see to it that nothing is left open.

import {
  assert,
  assertEquals,
  assertLess,
  assertLessOrEqual,
  assertRejects,
} from "@std/assert";
import {
  type Client,
  connect,
  ConnectionLostError,
  type ConnectOptions,
  type Message,
} from "../../mod.ts";
import { isPending, VirtualClock } from "../client/clock.ts";
import { ack, connack, publish } from "../client/packets.ts";
import { type ServerEnd, subscribed } from "../client/server.ts";
import { certificateTests } from "../support/certificates.ts";
import { startRelay } from "./relay.ts";
import { SERVED_WIRES, type WireServer, wireServer } from "./served.ts";

const KIB = 1 << 10;
const MIB = 1 << 20;

/** About half of a packet. */
const HALF = 2 * KIB;

const certificateTest = await certificateTests();

/** A client, connected by way of `port`, and the server's end of its wire. */
async function served(
  listening: WireServer,
  { port = listening.port, ...options }: ConnectOptions & { port?: number } =
    {},
): Promise<{ client: Client; server: ServerEnd }> {
  const [url, wire] = listening.way(port);
  const connecting = connect(url, { reconnect: false, ...wire, ...options });
  const server = await listening.accept();
  await server.next("connect");
  server.send(connack());
  return { client: await connecting, server };
}

/** Waits for what another end will do. */
async function until(holds: () => boolean): Promise<void> {
  while (!holds()) await new Promise((resolve) => setTimeout(resolve, 1));
}

/** Waits until a number no longer changes for some turns: the sockets are full. */
async function untilStill(count: () => number): Promise<void> {
  for (let still = 0, before = -1; still < 20; before = count()) {
    still = count() === before ? still + 1 : 0;
    await new Promise((resolve) => setTimeout(resolve, 5));
  }
}

/** Each message has its number in its first bytes. */
function numbered(server: ServerEnd, i: number, size: number): Uint8Array {
  const payload = new Uint8Array(size);
  new DataView(payload.buffer).setUint32(0, i);
  return server.encode(publish("a", payload));
}

function numberOf({ payload }: Message): number {
  return new DataView(payload.buffer, payload.byteOffset).getUint32(0);
}

/** A place to cut at. */
interface Cut {
  readonly where: string;
  /** How the third packet is written. */
  readonly parts: (packet: Uint8Array) => readonly Uint8Array[];
  /** How many bytes the client gets, where a packet of `size` costs `cost` on the wire. */
  readonly bytes: (cost: number, size: number) => number;
  /** Whether a frame is cut as well, where there are frames. */
  readonly inFrame: boolean;
}

const CUTS: readonly Cut[] = [
  {
    where: "between two packets",
    parts: (packet) => [packet],
    bytes: (cost) => 2 * cost,
    inFrame: false,
  },
  {
    where: "in the header of a packet, a frame or a record",
    parts: (packet) => [packet],
    bytes: (cost) => 2 * cost + 1,
    inFrame: true,
  },
  {
    where: "in the middle of a packet, its frame and its record",
    parts: (packet) => [packet],
    bytes: (cost) => Math.floor(2.5 * cost),
    inFrame: true,
  },
  {
    where: "in a packet behind a whole frame and a whole record",
    parts: (packet) => [packet.subarray(0, HALF), packet.subarray(HALF)],
    bytes: (cost, size) => 2 * cost + HALF + (cost - size),
    inFrame: false,
  },
];

for (const wire of SERVED_WIRES) {
  certificateTest(
    `over ${wire}: a loop that stands still pauses reading, keep alive goes on, and nothing is lost`,
    async (certificates) => {
      using listening = wireServer(wire, certificates);
      const clock = new VirtualClock();
      const { client, server } = await served(listening, {
        clock,
        keepAlive: 10,
      });
      const messages = (await subscribed({ client, server }, "a"))
        [Symbol.asyncIterator]();
      const count = 10_000;
      for (let i = 0; i < count; i++) {
        server.sendBytes(numbered(server, i, 4 * KIB));
      }
      await messages.next();
      await untilStill(() => listening.sent);
      assertLess(listening.sent, count * 2 * KIB);
      assertLessOrEqual(client.stats().waiting, 64 + 64);
      for (let round = 0; round < 5; round++) {
        const { bytesReceived } = client.stats();
        await clock.advance(9_500);
        // The first PINGREQ is due; the next ones are overdue, which costs a read each.
        if (round > 0) {
          await until(() => client.stats().bytesReceived > bytesReceived);
        }
        await clock.advance(1_500);
        await server.next("pingreq");
        server.send({ type: "pingresp" });
        assertLessOrEqual(
          client.stats().bytesReceived,
          bytesReceived + 64 * KIB,
        );
      }
      assertLessOrEqual(client.stats().waiting, 64 + 64);
      for (let i = 1; i < count; i++) {
        const { value } = await messages.next();
        assert(value !== undefined);
        assertEquals(numberOf(value), i);
      }
      assert(await isPending(client.closed));
      client.close();
      server.close();
    },
  );

  certificateTest(
    `over ${wire}: await publish in a loop that is far behind does not deadlock`,
    async (certificates) => {
      using listening = wireServer(wire, certificates);
      const { client, server } = await served(listening);
      const messages = await subscribed({ client, server }, "a");
      const count = 20;
      // What answers us leaves behind all of this.
      for (let i = 0; i < count; i++) {
        server.sendBytes(numbered(server, i, MIB));
      }
      const serving = (async () => {
        for (let i = 0; i < count; i++) {
          const { packetId } = await server.next("publish");
          server.send(ack("puback", packetId));
        }
      })();
      let i = 0;
      for await (const message of messages) {
        assertEquals(numberOf(message), i);
        const payload = message.payload.subarray(0, MIB / 2);
        await client.publish("b", payload, { qos: 1 });
        if (++i === count) break;
      }
      await serving;
      client.close();
      server.close();
    },
  );

  for (const by of ["fin", "rst"] as const) {
    for (const { where, parts, bytes, inFrame } of CUTS) {
      certificateTest(
        `over ${wire}: a cut by ${by.toUpperCase()} ${where} ends the loop and every wait, and no message is broken`,
        async (certificates) => {
          using listening = wireServer(wire, certificates);
          await using relay = await startRelay(listening.port);
          const { client, server } = await served(listening, {
            port: relay.port,
          });
          const messages = (await subscribed({ client, server }, "a"))
            [Symbol.asyncIterator]();
          const packet = (i: number) => numbered(server, i, 4 * KIB);
          // What a message costs on this wire: the first may bring more with it.
          server.sendBytes(packet(0));
          await messages.next();
          const before = relay.passed;
          server.sendBytes(packet(1));
          await messages.next();
          const cost = relay.passed - before;

          const waits = [
            client.publish("b", "x", { qos: 1 }),
            client.publish("b", "x", { qos: 2 }),
            client.subscribe("c"),
            client.unsubscribe("d"),
          ].map((wait) => assertRejects(() => wait, ConnectionLostError));
          relay.cut(bytes(cost, packet(0).length), by);
          for (const part of [packet(2), packet(3), ...parts(packet(4))]) {
            server.sendBytes(part);
          }
          const numbers: number[] = [];
          const lost = await assertRejects(async () => {
            for (;;) {
              const { value, done } = await messages.next();
              if (done) return;
              numbers.push(numberOf(value));
            }
          }, ConnectionLostError);
          // A reset may overtake what has come before it.
          assertEquals(
            numbers,
            [2, 3].slice(0, by === "fin" ? 2 : numbers.length),
          );
          if (wire === "ws" && by === "fin") {
            const said = "in the middle of a WebSocket message";
            assertEquals(lost.message.endsWith(said), inFrame, lost.message);
          }
          await Promise.all(waits);
          assertEquals(await client.closed, lost);
          const late = await assertRejects(
            () => client.publish("b", "x"),
            ConnectionLostError,
          );
          assertEquals(late.delivery, "not-sent");
          server.close();
        },
      );
    }
  }
}
