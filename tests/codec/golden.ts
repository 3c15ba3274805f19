/**
 * The harness of the golden bytes: what a case and a refusal are, and how each is fed three ways.
 * The tables in golden/ are written out of the specification, not out of the codec.
 *
 * @module
 */
import { assert, assertEquals, assertThrows } from "@std/assert";
import { PacketDecoder } from "../../src/codec/decoder.ts";
import { encodePacket } from "../../src/codec/encoder.ts";
import type {
  OutgoingPacket,
  Packet,
  ProtocolVersion,
} from "../../src/codec/packet.ts";
import { ByteWriter } from "../../src/codec/writer.ts";
import { ProtocolError } from "../../src/errors.ts";

/** Who sent the bytes. */
export type Sender = "server" | "client";

/** Bytes and the packet that they are. */
export interface Golden {
  readonly name: string;
  readonly versions: readonly ProtocolVersion[];
  readonly from: Sender;
  /** See {@linkcode bytesOf}. */
  readonly bytes: string;
  readonly packet: Packet;
  /** False where the specification leaves several forms to the sender, and another is as good. */
  readonly canonical?: false;
}

/** Bytes that end the connection. */
export interface Refusal {
  readonly name: string;
  readonly version: ProtocolVersion;
  readonly from: Sender;
  readonly bytes: Uint8Array;
  /** What DISCONNECT or CONNACK carries; several where the specification names none. */
  readonly reasonCodes: readonly number[];
  /** The clause, or the chapter it is in; it may have another number in another version. */
  readonly clauses: readonly string[];
}

/** All three versions of the protocol. */
export const ALL: readonly ProtocolVersion[] = [3, 4, 5];

/** What the versions are called. */
export const VERSION_NAMES: Readonly<Record<ProtocolVersion, string>> = {
  3: "MQTT 3.1",
  4: "MQTT 3.1.1",
  5: "MQTT 5.0",
};

/**
 * The bytes of a text that explains them: lines of hexadecimal bytes, each with a comment behind
 * a bar; `61*5` stands for five times 61.
 */
export function bytesOf(text: string): Uint8Array<ArrayBuffer> {
  const words = text.split("\n").flatMap((line) =>
    line.replace(/\|.*/, "").split(" ").filter((word) => word !== "")
  );
  return Uint8Array.from(words.flatMap((word) => {
    const match = word.match(/^([0-9a-f]{2})(?:\*(\d+))?$/);
    const [, byte = "", times = "1"] = match ?? [];
    assert(byte !== "", `no byte: ${word}`);
    return Array<number>(Number(times)).fill(parseInt(byte, 16));
  }));
}

/**
 * Refusals out of a table: the versions, the Reason Codes, the clauses, the name, the bytes, with
 * bars between. 0x81 is for what "cannot be parsed according to this specification", 0x82 for what
 * is "parsed and found to contain data that is not allowed by the protocol" (1.2): where a clause
 * names no Reason Code, either term fits, and both stand.
 */
export function refusalsOf(from: Sender, table: string): Refusal[] {
  const rows = table.split("\n").filter((row) => row.trim() !== "");
  return rows.flatMap((row) => {
    const [versions, reasonCodes, clauses, name, bytes, ...more] = row
      .split("|").map((column) => column.trim());
    assert(
      versions && reasonCodes && clauses && name && bytes,
      `too short: ${row}`,
    );
    assert(more.length === 0, `too long: ${row}`);
    const refusal = {
      name,
      from,
      bytes: bytesOf(bytes),
      reasonCodes: reasonCodes.split(" ").map((code) => parseInt(code, 16)),
      clauses: clauses.split(" "),
    };
    return ALL.filter((version) => versions.split(" ").includes(`${version}`))
      .map((version) => ({ ...refusal, version }));
  });
}

/** A whole packet out of its first byte and what follows the Remaining Length. */
export function packetBytes(
  first: number,
  body: readonly number[],
): Uint8Array<ArrayBuffer> {
  return Uint8Array.from([first, ...variableByteInteger(body.length), ...body]);
}

/** 1.5.5, as its pseudo code has it. */
export function variableByteInteger(value: number): number[] {
  const bytes: number[] = [];
  do {
    const rest = Math.floor(value / 128);
    bytes.push(rest > 0 ? value % 128 + 128 : value % 128);
    value = rest;
  } while (value > 0);
  return bytes;
}

/** What comes behind a packet, and must not be mixed up with it: a ping is the same in all versions. */
const PINGS: Readonly<Record<Sender, { bytes: string; packet: Packet }>> = {
  client: { bytes: "c0 00", packet: { type: "pingreq" } },
  server: { bytes: "d0 00", packet: { type: "pingresp" } },
};

/** The pieces in which bytes arrive. */
type Feed = (bytes: Uint8Array) => readonly Uint8Array[];

const whole: Feed = (bytes) => [bytes];
const byteByByte: Feed = (bytes) =>
  Array.from(bytes, (byte) => Uint8Array.of(byte));

/** All packets that come out when the pieces go in one after the other. */
export function decodeAll(
  decoder: PacketDecoder,
  pieces: readonly Uint8Array[],
): Packet[] {
  const packets: Packet[] = [];
  for (const piece of pieces) {
    decoder.push(piece);
    for (;;) {
      const packet = decoder.next();
      if (packet === undefined) break;
      packets.push(packet);
    }
  }
  return packets;
}

/** The bytes of a packet. */
export function encode(
  packet: OutgoingPacket,
  protocolVersion: ProtocolVersion,
): Uint8Array {
  const writer = new ByteWriter();
  encodePacket(writer, packet, protocolVersion);
  return writer.take() ?? new Uint8Array();
}

/** Registers the tests of a case, one for each version. */
export function testGolden(golden: Golden): void {
  for (const version of golden.versions) {
    const name = `${golden.name} is read and written`;
    Deno.test(`${name} (${VERSION_NAMES[version]})`, () => {
      assertDecodes(bytesOf(golden.bytes), { ...golden, version });
      assertEncodes(golden, version);
    });
  }
}

/** Registers the test of a refusal. */
export function testRefusal(refusal: Refusal): void {
  const version = VERSION_NAMES[refusal.version];
  Deno.test(`PacketDecoder refuses ${refusal.name} (${version})`, () => {
    assertRefused(refusal);
  });
}

/** The bytes are this packet, whole, byte by byte, and with another packet behind. */
export function assertDecodes(
  bytes: Uint8Array,
  { version, from, packet, name }: {
    version: ProtocolVersion;
    from: Sender;
    packet: Packet;
    name?: string;
  },
): void {
  const ping = PINGS[from];
  const makeDecoder = () =>
    new PacketDecoder({ protocolVersion: version, from });

  for (const feed of [whole, byteByByte]) {
    const decoder = makeDecoder();
    assert(decoder.atBoundary, "a new decoder is at a boundary");
    assertEquals(decodeAll(decoder, feed(bytes)), [packet], name);
    assert(decoder.atBoundary, "behind a packet is a boundary");
  }

  const cut = makeDecoder();
  assertEquals(decodeAll(cut, [bytes.subarray(0, -1)]), [], name);
  assert(!cut.atBoundary, "inside a packet is no boundary");

  const behind = Uint8Array.from([...bytes, ...bytesOf(ping.bytes)]);
  assertEquals(decodeAll(makeDecoder(), [behind]), [packet, ping.packet], name);
}

/** The bytes end the connection, whole, byte by byte, and with another packet behind. */
export function assertRefused(refusal: Refusal): void {
  const { name, version, from, bytes, reasonCodes, clauses } = refusal;
  const behind = Uint8Array.from([...bytes, ...bytesOf(PINGS[from].bytes)]);
  for (const pieces of [whole(bytes), byteByByte(bytes), whole(behind)]) {
    const decoder = new PacketDecoder({ protocolVersion: version, from });
    const error = assertThrows(
      () => decodeAll(decoder, pieces),
      ProtocolError,
      undefined,
      name,
    );
    assert(
      reasonCodes.includes(error.reasonCode),
      `${name}: 0x${error.reasonCode.toString(16)}, ${error.message}`,
    );
    assert(
      clauses.some((clause) => isWithin(error.clause, clause)),
      `${name}: another clause is cited, ${error.message}`,
    );
  }
}

/** MQTT-3.8.1-1 is within 3.8.1, and within 3.8; everything is within nothing. */
function isWithin(cited: string, clause: string): boolean {
  const number = cited.replace(/^MQTT-/, "");
  return number.startsWith(clause) &&
      !/^\d/.test(number.slice(clause.length)) ||
    clause === "";
}

function assertEncodes(golden: Golden, version: ProtocolVersion): void {
  const { packet } = golden;
  // CONNECT and CONNACK tell their version themselves.
  const encoded = encode(
    packet,
    "protocolVersion" in packet ? packet.protocolVersion : version,
  );
  if (golden.canonical === false) {
    assertDecodes(encoded, { ...golden, version });
  } else {
    assertEquals(encoded.toHex(), bytesOf(golden.bytes).toHex());
  }
}
