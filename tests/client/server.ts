// The server's end of wires in memory, driven by hand: a test says what it sends, and reads what the
// client has sent only when it asks for it.

import { assertEquals } from "@std/assert";
import { PacketDecoder } from "../../src/codec/decoder.ts";
import { encodePacket } from "../../src/codec/encoder.ts";
import type {
  ConnackPacket,
  ConnectPacket,
  OutgoingPacket,
  Packet,
  PacketTypeName,
} from "../../src/codec/packet.ts";
import { ByteWriter } from "../../src/codec/writer.ts";
import {
  type Client,
  connect,
  type ConnectOptions,
  type ServerUrl,
  type SubscribeOptions,
  type Subscription,
  type Transport,
  type Wire,
} from "../../mod.ts";
import { memoryWires } from "../../src/transport/memory.ts";
import { settled, VirtualClock } from "./clock.ts";
import { connack, suback, unsuback } from "./packets.ts";

/** A packet of one type. */
export type PacketOf<Type extends PacketTypeName> = Packet & { type: Type };

/** What `dial()` gives: a client on its way. */
export interface Dialling {
  /** What `connect()` returned. It may reject before anybody looks. */
  readonly connecting: Promise<Client>;
  /** The client's time. */
  readonly clock: VirtualClock;
  /** Where its wires lead to. */
  readonly listener: Listener;
}

/** What `connected()` gives: a client whose CONNACK has come. */
export interface Connected {
  readonly client: Client;
  readonly server: ServerEnd;
  readonly clock: VirtualClock;
  readonly connectPacket: ConnectPacket;
  /** Where its further wires lead to. */
  readonly listener: Listener;
}

/** What `answered()` gives: a connection that was accepted. */
export type Answered = Pick<Connected, "server" | "connectPacket">;

/** Calls `connect()`; the server's part is the test's. */
export function dial(
  options: ConnectOptions = {},
  url: ServerUrl = "mqtt://server.test",
): Dialling {
  const clock = new VirtualClock();
  const listener = new Listener();
  const connecting = connect(url, { clock, transport: listener, ...options });
  connecting.catch(() => {});
  return { connecting, clock, listener };
}

/** A client whose CONNACK, said in the version it asked for, and what is `behind` it came in one segment. */
export async function connected(
  options: ConnectOptions = {},
  answer: Partial<ConnackPacket> = {},
  ...behind: OutgoingPacket[]
): Promise<Connected> {
  const { connecting, clock, listener } = dial(options);
  const first = await answered(listener, answer, ...behind);
  return { client: await connecting, clock, listener, ...first };
}

/** Takes the next wire, and says CONNACK in the version asked for; what is `behind` it comes in one segment with it. */
export async function answered(
  listener: Listener,
  answer: Partial<ConnackPacket> = {},
  ...behind: OutgoingPacket[]
): Promise<Answered> {
  const server = await listener.accept();
  const connectPacket = await server.next("connect");
  const { protocolVersion } = connectPacket;
  server.send(connack({ protocolVersion, ...answer }), ...behind);
  return { server, connectPacket };
}

/** Subscribes, and grants all that is asked; what is `behind` the SUBACK comes in the same segment. */
export async function subscribed(
  { client, server }: Pick<Connected, "client" | "server">,
  filters: string | readonly string[],
  options: SubscribeOptions = {},
  ...behind: OutgoingPacket[]
): Promise<Subscription> {
  const subscribing = client.subscribe(filters, options);
  const answers: OutgoingPacket[] = [];
  for (let left = [filters].flat().length; left > 0;) {
    const { packetId, subscriptions } = await server.next("subscribe");
    answers.push(suback(packetId, subscriptions.map(({ qos }) => qos)));
    left -= subscriptions.length;
  }
  server.send(...answers, ...behind);
  return await subscribing;
}

/** Waits for UNSUBSCRIBE of just these filters, and grants it behind what comes `before` UNSUBACK. */
export async function grantUnsubscribe(
  server: ServerEnd,
  topicFilters: readonly string[],
  ...before: OutgoingPacket[]
): Promise<void> {
  const packet = await server.next("unsubscribe");
  assertEquals(packet.topicFilters, topicFilters);
  const reasonCodes = topicFilters.map(() => 0);
  server.send(...before, unsuback(packet.packetId, reasonCodes));
}

/** A transport whose wires all end at the test. */
export class Listener implements Transport {
  #waiting: ServerEnd[] = [];
  #takers: ((server: ServerEnd) => void)[] = [];

  open(signal: AbortSignal): Promise<Wire> {
    if (signal.aborted) return Promise.reject(signal.reason);
    const [ours, theirs] = memoryWires();
    const server = new ServerEnd(theirs);
    const taker = this.#takers.shift();
    if (taker === undefined) this.#waiting.push(server);
    else taker(server);
    return Promise.resolve(ours);
  }

  /** How many wires were opened that nobody has accepted. */
  get waiting(): number {
    return this.#waiting.length;
  }

  /** The next wire that the client opens. */
  accept(): Promise<ServerEnd> {
    const server = this.#waiting.shift();
    if (server !== undefined) return Promise.resolve(server);
    return new Promise((resolve) => this.#takers.push(resolve));
  }
}

/** One wire, from the server's side. */
export class ServerEnd {
  readonly #wire: Wire;
  readonly #decoder = new PacketDecoder({ protocolVersion: 5, from: "client" });
  #outgoing: Uint8Array[] = [];
  #writing = false;
  #filling: Promise<boolean> | undefined;

  constructor(wire: Wire) {
    this.#wire = wire;
  }

  /** Sends packets in one segment: the client reads them together. */
  send(...packets: OutgoingPacket[]): void {
    this.sendBytes(this.encode(...packets));
  }

  /** The bytes of packets, for those who send them in pieces. */
  encode(...packets: OutgoingPacket[]): Uint8Array {
    const writer = new ByteWriter();
    for (const packet of packets) {
      encodePacket(writer, packet, this.#decoder.protocolVersion);
    }
    return writer.take() ?? new Uint8Array(0);
  }

  /** Sends bytes as they are, in one segment. */
  sendBytes(bytes: Uint8Array | string): void {
    this.#outgoing.push(
      typeof bytes === "string" ? new TextEncoder().encode(bytes) : bytes,
    );
    if (!this.#writing) void this.#write();
  }

  /** The next packet, which must be of this type. Nothing is read before it is asked for. */
  next<Type extends PacketTypeName>(type: Type): Promise<PacketOf<Type>> {
    return this.nextOf(type);
  }

  /** The next packet, which must be of one of these types. */
  async nextOf<Type extends PacketTypeName>(
    ...types: readonly Type[]
  ): Promise<PacketOf<Type>> {
    let packet = this.#decoder.next();
    while (packet === undefined) {
      if (!await this.#fill()) {
        throw new Error(`Waited for ${types}: the client has closed the wire`);
      }
      packet = this.#decoder.next();
    }
    if (isOfType(packet, types)) return packet;
    throw new Error(`Waited for ${types}, and ${packet.type} came`);
  }

  /** What one read gives, for those who look at bytes. No packet may wait. */
  async nextBytes(): Promise<Uint8Array> {
    const block = new Uint8Array(65_536);
    const size = await this.#wire.read(block);
    return block.subarray(0, size ?? 0);
  }

  /** The packets that end in what one read gives. */
  async segment(): Promise<Packet[]> {
    const packets: Packet[] = [];
    await this.#fill();
    this.#takeInto(packets);
    return packets;
  }

  /** All that the client has sent by now. */
  async sent(): Promise<Packet[]> {
    const packets: Packet[] = [];
    for (let goesOn = true; goesOn;) {
      this.#takeInto(packets);
      let filled = false;
      void this.#fill().then((more) => filled = more);
      await settled();
      goesOn = filled;
    }
    return packets;
  }

  /** All that the client sends until it ends the wire. What is cut at the end is none. */
  async rest(): Promise<Packet[]> {
    const packets: Packet[] = [];
    do this.#takeInto(packets); while (await this.#fill());
    return packets;
  }

  /** Ends the wire: the client reads to the end of what was sent. */
  close(): void {
    this.#wire.close();
  }

  #takeInto(packets: Packet[]): void {
    for (
      let packet = this.#decoder.next();
      packet !== undefined;
      packet = this.#decoder.next()
    ) packets.push(packet);
  }

  /** Reads once, or goes on with a read that was not waited for. False at the end of the wire. */
  #fill(): Promise<boolean> {
    return this.#filling ??= this.#read();
  }

  async #read(): Promise<boolean> {
    const block = new Uint8Array(65_536);
    try {
      const size = await this.#wire.read(block);
      if (size === null) return false;
      this.#decoder.push(block.subarray(0, size));
    } catch {
      return false; // The test has closed the wire itself.
    }
    this.#filling = undefined;
    return true;
  }

  async #write(): Promise<void> {
    this.#writing = true;
    try {
      for (let bytes = this.#outgoing.shift(); bytes !== undefined;) {
        bytes = bytes.subarray(await this.#wire.write(bytes));
        if (bytes.length === 0) bytes = this.#outgoing.shift();
      }
      this.#writing = false;
    } catch {
      // The client has closed the wire: what is left is for nobody.
    }
  }
}

function isOfType<Type extends PacketTypeName>(
  packet: Packet,
  types: readonly Type[],
): packet is PacketOf<Type> {
  return types.some((type) => type === packet.type);
}
