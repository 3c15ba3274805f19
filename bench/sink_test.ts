// The stand-in itself: figures that were taken with a server that cheats are worth nothing.

import { assertEquals } from "@std/assert";
import { PacketDecoder } from "../src/codec/decoder.ts";
import { encodePacket } from "../src/codec/encoder.ts";
import {
  NO_PROPERTIES,
  type OutgoingPacket,
  type Packet,
  type Properties,
  type PublishPacket,
} from "../src/codec/packet.ts";
import { ByteWriter } from "../src/codec/writer.ts";
import { Sink } from "./sink.ts";
import { findCompiler } from "./tools.ts";

const compiler = await findCompiler();

/** A client that says what it is told to say. */
class Wire implements Disposable {
  readonly #connection: Deno.TcpConn;
  readonly #protocolVersion: 4 | 5;
  readonly #decoder: PacketDecoder;
  readonly #writer = new ByteWriter();

  private constructor(connection: Deno.TcpConn, protocolVersion: 4 | 5) {
    this.#connection = connection;
    this.#protocolVersion = protocolVersion;
    this.#decoder = new PacketDecoder({ protocolVersion, from: "server" });
  }

  /** Connects; gives the wire and CONNACK. */
  static async open(
    sink: Sink,
    clientId: string,
    protocolVersion: 4 | 5,
    properties: Properties = NO_PROPERTIES,
  ): Promise<[Wire, Packet | undefined]> {
    const { port } = sink;
    const connection = await Deno.connect({ hostname: "127.0.0.1", port });
    const wire = new Wire(connection, protocolVersion);
    await wire.send({
      type: "connect",
      protocolVersion,
      cleanStart: true,
      keepAlive: 60,
      clientId,
      username: undefined,
      password: undefined,
      will: undefined,
      properties,
    });
    return [wire, await wire.next()];
  }

  /** Writes packets in one go, as far as the wire takes them. */
  async send(...packets: OutgoingPacket[]): Promise<void> {
    for (const packet of packets) {
      encodePacket(this.#writer, packet, this.#protocolVersion);
    }
    const bytes = this.#writer.take() ?? new Uint8Array(0);
    for (let written = 0; written < bytes.length;) {
      written += await this.#connection.write(bytes.subarray(written));
    }
  }

  /** The next packet; undefined where the sink has closed. */
  async next(): Promise<Packet | undefined> {
    for (;;) {
      const packet = this.#decoder.next();
      if (packet !== undefined) return packet;
      const block = new Uint8Array(65_536);
      const size = await this.#connection.read(block);
      if (size === null) return undefined;
      this.#decoder.push(block.subarray(0, size));
    }
  }

  /** All PUBLISH packets that come before the answer to a PINGREQ that is sent now. */
  async waiting(): Promise<PublishPacket[]> {
    await this.send({ type: "pingreq" });
    const publishes: PublishPacket[] = [];
    for (;;) {
      const packet = await this.next();
      if (packet?.type === "pingresp") return publishes;
      if (packet?.type === "publish") publishes.push(packet);
    }
  }

  async subscribe(topicFilter: string): Promise<void> {
    await this.send({
      type: "subscribe",
      packetId: 1,
      subscriptions: [{
        topicFilter,
        qos: 2,
        noLocal: false,
        retainAsPublished: false,
        retainHandling: 0,
      }],
      properties: NO_PROPERTIES,
    });
    assertEquals((await this.next())?.type, "suback");
  }

  [Symbol.dispose](): void {
    this.#connection.close();
  }
}

function publish(fields: Partial<PublishPacket>): PublishPacket {
  return {
    type: "publish",
    topicName: "a",
    payload: new Uint8Array(0),
    qos: 0,
    retain: false,
    dup: false,
    packetId: 0,
    properties: NO_PROPERTIES,
    ...fields,
  };
}

function acknowledge(
  type: "puback" | "pubrec" | "pubrel" | "pubcomp",
  packetId: number,
): OutgoingPacket {
  return { type, packetId, reasonCode: 0, properties: NO_PROPERTIES };
}

/** A test with a sink of its own; ignored where nothing can build one. */
function test(name: string, body: (sink: Sink) => Promise<void>): void {
  Deno.test(name, { ignore: compiler === undefined }, async () => {
    await using sink = await Sink.start(compiler ?? "");
    await body(sink);
  });
}

for (const protocolVersion of [4, 5] as const) {
  test(`The sink counts what comes, MQTT ${protocolVersion}`, async (sink) => {
    const [wire, connack] = await Wire.open(sink, "a-1", protocolVersion);
    using _ = wire;
    assertEquals(connack?.type, "connack");
    const payload = new Uint8Array(3);
    await wire.send(
      publish({ payload }),
      publish({ payload, qos: 1, packetId: 1 }),
      publish({ payload, qos: 2, packetId: 2 }),
    );
    assertEquals(await wire.next(), acknowledge("puback", 1));
    assertEquals(await wire.next(), acknowledge("pubrec", 2));
    await wire.send(acknowledge("pubrel", 2));
    assertEquals(await wire.next(), acknowledge("pubcomp", 2));
    await wire.send({ type: "disconnect", reasonCode: 0, properties: {} });
    assertEquals(await sink.counts("a-1"), {
      clientId: "a-1",
      protocolVersion,
      published: [1, 1, 1],
      publishedBytes: 9,
      released: 1,
      sent: 0,
      acknowledged: 0,
    });
  });

  test(`The sink keeps to the window, MQTT ${protocolVersion}`, async (sink) => {
    const [wire] = await Wire.open(sink, "a", protocolVersion);
    using _ = wire;
    await wire.subscribe("source/4/16/1/3");
    assertEquals((await wire.waiting()).length, 3);
    await wire.send(acknowledge("puback", 1));
    const [last, ...none] = await wire.waiting();
    assertEquals(last?.packetId, 4);
    assertEquals(none, []);
  });

  test(`The sink takes and sends 1 MiB at QoS 2, MQTT ${protocolVersion}`, async (sink) => {
    const size = 1 << 20;
    const [wire] = await Wire.open(sink, "a", protocolVersion);
    using _ = wire;
    const payload = new Uint8Array(size);
    await wire.send(publish({ payload, qos: 2, packetId: 7 }));
    assertEquals(await wire.next(), acknowledge("pubrec", 7));

    await wire.subscribe(`source/3/${size}/2/2`);
    assertEquals(await sizeOfNext(wire), [1, size]);
    assertEquals(await sizeOfNext(wire), [2, size]);
    await wire.send(acknowledge("pubrec", 1));
    assertEquals(await wire.next(), acknowledge("pubrel", 1));
    await wire.send(acknowledge("pubcomp", 1));
    assertEquals(await sizeOfNext(wire), [3, size]);
  });

  test(`The sink cuts no packet to answer another, MQTT ${protocolVersion}`, async (sink) => {
    const count = 200_000;
    const [wire] = await Wire.open(sink, "a", protocolVersion);
    using _ = wire;
    await wire.subscribe(`source/${count}/100/0/0`);
    let publishes = 0;
    while (publishes < count) publishes += (await wire.waiting()).length;
    assertEquals(publishes, count);
  });

  test(`The sink echoes, MQTT ${protocolVersion}`, async (sink) => {
    const [wire] = await Wire.open(sink, "a", protocolVersion);
    using _ = wire;
    await wire.subscribe("echo/1");
    const message = publish({
      topicName: "echo/1",
      payload: new Uint8Array(3),
    });
    await wire.send({ ...message, qos: 1, packetId: 9 });
    assertEquals(await wire.next(), message);
    assertEquals(await wire.next(), acknowledge("puback", 9));
  });
}

test("The sink honours Receive Maximum", async (sink) => {
  const [wire] = await Wire.open(sink, "a", 5, { receiveMaximum: 2 });
  using _ = wire;
  await wire.subscribe("source/9/16/1/1000");
  assertEquals((await wire.waiting()).length, 2);
});

test("The sink takes Topic Aliases up to its maximum, and none beyond", async (sink) => {
  const [wire, connack] = await Wire.open(sink, "a", 5);
  using _ = wire;
  if (connack?.type !== "connack") throw new TypeError("No CONNACK");
  const { topicAliasMaximum = 0 } = connack.properties;
  assertEquals(topicAliasMaximum > 0, true);
  const named = publish({
    topicName: "echo/long",
    properties: { topicAlias: topicAliasMaximum },
  });
  await wire.subscribe("echo/long");
  await wire.send(named, { ...named, topicName: "" });
  const echo = publish({ topicName: "echo/long" });
  assertEquals(await wire.waiting(), [echo, echo]);
  const topicAlias = topicAliasMaximum + 1;
  await wire.send({ ...named, properties: { topicAlias } });
  assertEquals(await wire.next(), undefined);
});

async function sizeOfNext(wire: Wire): Promise<[number, number] | undefined> {
  const packet = await wire.next();
  if (packet?.type !== "publish") return undefined;
  return [packet.packetId, packet.payload.length];
}
