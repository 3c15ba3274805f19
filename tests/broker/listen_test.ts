// Ports of the broker, with real sockets: TCP, WebSocket, TLS; what keeps a port from being opened; clients that
// are slow, wrong or deaf.

import { assert, assertEquals, assertMatch, assertRejects } from "@std/assert";
import { Listener, type ListenerOwner } from "../../src/broker/listen.ts";
import { MqttError } from "../../src/errors.ts";
import { tcp } from "../../src/transport/tcp.ts";
import { websocket } from "../../src/transport/websocket.ts";
import type { Wire } from "../../src/transport/wire.ts";
import { connect } from "../../mod.ts";
import { Broker } from "../../testing.ts";
import { VirtualClock } from "../client/clock.ts";
import { certificateTests } from "../support/certificates.ts";
import { refusingNoDelay } from "../transport/no_delay.ts";
import { NEVER } from "../transport/websocket_peer.ts";
import { connectPacket, RawClient } from "./raw_client.ts";

const LOOPBACK = "127.0.0.1";

const MIB = 1024 * 1024;

/** Of a message to one who never reads. */
const SIZE = MIB / 16;

/** A port for what a test does with the wires that come. */
function listen(
  owner: Partial<ListenerOwner>,
  websocketPath?: string,
): Listener {
  return new Listener({
    hostname: LOOPBACK,
    port: 0,
    websocketPath,
    tls: undefined,
  }, { clock: new VirtualClock(), onWire: (wire) => wire.close(), ...owner });
}

/** A clock that tells when it is first asked for a timer. */
class WatchedClock extends VirtualClock {
  readonly #watched = Promise.withResolvers<void>();
  readonly watched = this.#watched.promise;

  override schedule(callback: () => void, ms: number): () => void {
    this.#watched.resolve();
    return super.schedule(callback, ms);
  }
}

async function dial(url: string): Promise<RawClient> {
  const { hostname, port } = new URL(url);
  return new RawClient(await Deno.connect({ hostname, port: Number(port) }));
}

/** Reads until the other side ends or resets. */
async function untilGone(wire: Wire): Promise<void> {
  const block = new Uint8Array(1_024);
  try {
    while (
      await wire.read(block) !== null
    ) { /* what it says does not matter here */ }
  } catch (error) {
    assert(error instanceof Deno.errors.ConnectionReset);
  }
}

Deno.test("Listener gives each client's wire with its address, and a URL to connect to", async () => {
  const came = Promise.withResolvers<[Wire, string]>();
  await using listener = listen({
    onWire: (wire, peer) => came.resolve([wire, peer]),
  });
  assertMatch(listener.url, /^mqtt:\/\/127\.0\.0\.1:\d+$/);
  const client = await dial(listener.url);
  const [wire, peer] = await came.promise;
  assertMatch(peer, /^127\.0\.0\.1:\d+$/);
  assert(!listener.url.endsWith(peer));
  await client.send("01");
  const block = new Uint8Array(9);
  assertEquals(await wire.read(block), 1);
  client.wire.close();
  wire.close();
});

Deno.test("Listener drops a connection of which the system refuses what it asks, and goes on", async () => {
  await using listener = listen({});
  const { hostname, port } = new URL(listener.url);
  using first = await Deno.connect({ hostname, port: Number(port) });
  assertEquals(await first.read(new Uint8Array(1)), null);
  await refusingNoDelay(first, async () => {
    for (let each = 0; each < 2; each++) {
      using client = await Deno.connect({ hostname, port: Number(port) });
      assertEquals(await client.read(new Uint8Array(1)), null);
    }
  });
});

Deno.test("Listener on a port that is in use says which", () => {
  using other = Deno.listen({ hostname: LOOPBACK, port: 0 });
  const { port } = other.addr;
  let said;
  try {
    new Listener(
      { hostname: LOOPBACK, port, websocketPath: undefined, tls: undefined },
      { clock: new VirtualClock(), onWire: () => {} },
    );
  } catch (error) {
    said = error;
  }
  assert(said instanceof MqttError);
  assertEquals(
    said.message,
    `Cannot listen on 127.0.0.1:${port}: the port is in use`,
  );
  assert(said.cause instanceof Deno.errors.AddrInUse);
});

Deno.test("Listener at an address that the machine does not have says so", () => {
  let said;
  try {
    // TEST-NET-1 (RFC 5737) is nobody's.
    new Listener(
      {
        hostname: "192.0.2.1",
        port: 0,
        websocketPath: undefined,
        tls: undefined,
      },
      { clock: new VirtualClock(), onWire: () => {} },
    );
  } catch (error) {
    said = error;
  }
  assert(said instanceof MqttError);
  assertEquals(
    said.message,
    "Cannot listen on 192.0.2.1:0: this machine does not have the address",
  );
});

Deno.test({
  name: "Listener names the flag that is missing",
  permissions: { net: false },
  fn() {
    let said;
    try {
      listen({});
    } catch (error) {
      said = error;
    }
    assert(said instanceof MqttError);
    assertEquals(
      said.message,
      "Cannot listen on 127.0.0.1:0: Deno does not permit it; run again with --allow-net=127.0.0.1",
    );
  },
});

Deno.test("Listener turns away who asks for no WebSocket, and gives the next its own, which outlives it", async () => {
  const came = Promise.withResolvers<Wire>();
  const listener = listen({ onWire: came.resolve }, "/mqtt");
  const http = await dial(listener.url);
  await http.wire.write(new TextEncoder().encode("GET / HTTP/1.1\r\n\r\n"));
  await untilGone(http.wire);
  http.wire.close();
  const mqtt = await dial(listener.url);
  await mqtt.send(connectPacket("wrong"));
  await untilGone(mqtt.wire);
  mqtt.wire.close();
  const { hostname, port, host, pathname: path } = new URL(listener.url);
  const transport = tcp({ hostname, port: Number(port) });
  const client = await websocket({ transport, host, path }).open(NEVER);
  const wire = await came.promise;
  await listener[Symbol.asyncDispose]();
  await client.write(Uint8Array.of(1));
  assertEquals(await wire.read(new Uint8Array(9)), 1);
  client.close();
  wire.close();
});

Deno.test("Listener gives a client 10 s to ask for its WebSocket", async () => {
  const clock = new WatchedClock();
  await using listener = listen({ clock }, "/mqtt");
  const slow = await dial(listener.url);
  await slow.wire.write(new TextEncoder().encode("GET /mqtt HTTP/1.1\r\n"));
  await clock.watched;
  await clock.advance(9_999);
  assertEquals(clock.timers, 1);
  await clock.advance(1);
  await untilGone(slow.wire);
  slow.wire.close();
});

Deno.test("Listener that is disposed accepts no more, and drops who was about to ask for a WebSocket", async () => {
  const clock = new WatchedClock();
  const listener = listen({ clock }, "/mqtt");
  const slow = await dial(listener.url);
  await clock.watched;
  await listener[Symbol.asyncDispose]();
  await untilGone(slow.wire);
  slow.wire.close();
  assertEquals(clock.timers, 0);
  await assertRejects(
    () => dial(listener.url),
    Deno.errors.ConnectionRefused,
  );
  await listener[Symbol.asyncDispose]();
});

const tlsTest = await certificateTests();

tlsTest(
  "Listener speaks TLS where it has a certificate, with WebSocket on it too",
  async ({ ca, server }) => {
    await using broker = await Broker.listen({
      tls: server,
      websocketPort: 0,
    });
    const { url, websocketUrl = "" } = broker;
    assertMatch(url, /^mqtts:/);
    assertMatch(websocketUrl, /^wss:.*\/mqtt$/);
    for (const each of [url, websocketUrl]) {
      await using client = await connect(each, { tls: { caCerts: ca } });
      await client.publish("secret", each, { qos: 1 });
    }
    assertEquals(broker.messages.map((message) => message.text()), [
      url,
      websocketUrl,
    ]);
  },
);

tlsTest(
  "Listener with TLS lives on where a client speaks none",
  async ({ ca, server }) => {
    await using broker = await Broker.listen({ tls: server });
    const plain = await dial(broker.url);
    await plain.send(connectPacket("plain"));
    await untilGone(plain.wire);
    plain.wire.close();
    await using client = await connect(broker.url, { tls: { caCerts: ca } });
    await client.publish("secret", "", { qos: 1 });
  },
);

for (const qos of [0, 1] as const) {
  Deno.test(`A client that never reads does not make the broker grow at QoS ${qos}, and costs others nothing`, async () => {
    const bound = { queuedBytesMax: 2 * MIB, outgoingSizeMax: MIB / 4 };
    await using broker = await Broker.listen({ ...bound, messagesMax: 0 });
    const deaf = await dial(broker.url);
    await deaf.connect("deaf");
    // SUBSCRIBE to "a".
    await deaf.send(`82 07 00 01 00 00 01 61 0${qos}`);
    await using reader = await connect(broker.url);
    const messages = await reader.subscribe("a", { qos });
    await using publisher = await connect(broker.url);
    const payload = new Uint8Array(SIZE);
    let most = 0;
    let taken = 0;
    const count = 600;
    const taking = (async () => {
      for await (const message of messages) {
        taken++;
        if (taken === count) {
          await message.ack();
          break;
        }
      }
    })();
    for (let i = 0; i < count; i++) {
      await publisher.publish("a", payload, { qos });
      most = Math.max(most, broker.stats.queuedBytes);
      // At QoS 0 nobody says when it has arrived.
      if (qos === 0) { while (taken < i) await new Promise(setImmediate); }
    }
    await taking;
    // Some on their way to the one who reads are counted as well.
    const some = 4 * (SIZE + 1_000);
    assert(most <= bound.queuedBytesMax + some, `${most} bytes waited`);
    // What the sockets of both ends hold is the system's: a few MiB.
    assert(broker.stats.messagesDropped["queue-full"] > count / 2);
    deaf.wire.close();
  });
}
