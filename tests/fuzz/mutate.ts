// What becomes of valid bytes: faults as a broken or hostile peer makes them, most of them in one place, so
// that the rest still leads deep into the code.

import type { Random } from "./random.ts";

/** Values at which lengths, flags and identifiers change their meaning. */
const INTERESTING: readonly number[] = [
  0x00,
  0x01,
  0x02,
  0x03,
  0x7F,
  0x80,
  0x81,
  0xC0,
  0xED,
  0xF0,
  0xF4,
  0xFE,
  0xFF,
];

/** The most bytes that one fault adds. */
const ADDED_MAX = 64;

type Fault = (packets: Uint8Array[], random: Random) => void;

const FAULTS: readonly Fault[] = [
  flipBit,
  flipBit,
  setByte,
  setByte,
  changeLength,
  changeLength,
  growLength,
  cutEnd,
  removeBytes,
  addBytes,
  repeatBytes,
  dropPacket,
  repeatPacket,
  swapPackets,
  splice,
];

/** A conversation with faults: none at times, seldom many. */
export function mutate(
  conversation: readonly Uint8Array[],
  random: Random,
): Uint8Array {
  const packets = conversation.map((packet) => packet.slice());
  let faults = random.of([0, 1, 1, 1, 1, 2, 2, 3, 8]);
  while (faults-- > 0) random.of(FAULTS)(packets, random);
  return join(packets);
}

/** Bytes that were never packets. */
export function noise(random: Random): Uint8Array {
  return randomBytes(random, random.below(200));
}

/** Cuts bytes where a wire might: whole, in a few pieces, or byte by byte. */
export function split(bytes: Uint8Array, random: Random): Uint8Array[] {
  const cuts = random.of([0, 0, 0, 1, 2, 5, bytes.length]);
  if (cuts === bytes.length) {
    return Array.from(bytes, (byte) => Uint8Array.of(byte));
  }
  const places = Array.from(
    { length: cuts },
    () => random.below(bytes.length + 1),
  ).sort((one, other) => one - other);
  return [...places, bytes.length].map((end, at) =>
    bytes.slice(places[at - 1] ?? 0, end)
  );
}

/** One run of bytes out of many. */
export function join(pieces: readonly Uint8Array[]): Uint8Array {
  const size = pieces.reduce((sum, piece) => sum + piece.length, 0);
  const all = new Uint8Array(size);
  let at = 0;
  for (const piece of pieces) {
    all.set(piece, at);
    at += piece.length;
  }
  return all;
}

function flipBit(packets: Uint8Array[], random: Random): void {
  const packet = one(packets, random);
  if (packet.length === 0) return;
  const at = random.below(packet.length);
  packet[at] = (packet[at] ?? 0) ^ (1 << random.below(8));
}

function setByte(packets: Uint8Array[], random: Random): void {
  const packet = one(packets, random);
  if (packet.length === 0) return;
  const value = random.once(2) ? random.of(INTERESTING) : random.below(256);
  packet[random.below(packet.length)] = value;
}

/** The Remaining Length is the byte behind the first, or begins there. */
function changeLength(packets: Uint8Array[], random: Random): void {
  const packet = one(packets, random);
  if (packet.length < 2) return;
  const delta = random.below(9) - 4;
  packet[1] = random.once(3)
    ? random.of(INTERESTING)
    : ((packet[1] ?? 0) + delta) & 0xFF;
}

/** Announces up to four bytes more of length than the packet had. */
function growLength(packets: Uint8Array[], random: Random): void {
  edit(packets, random, (packet) => {
    const length = randomBytes(random, 1 + random.below(4)).map((byte) =>
      byte | 0x80
    );
    return join([packet.subarray(0, 1), length, packet.subarray(1)]);
  });
}

function cutEnd(packets: Uint8Array[], random: Random): void {
  edit(
    packets,
    random,
    (packet) => packet.slice(0, random.below(packet.length + 1)),
  );
}

function removeBytes(packets: Uint8Array[], random: Random): void {
  edit(packets, random, (packet) => {
    const [start, end] = range(packet, random);
    return join([packet.subarray(0, start), packet.subarray(end)]);
  });
}

function addBytes(packets: Uint8Array[], random: Random): void {
  edit(packets, random, (packet) => {
    const at = random.below(packet.length + 1);
    const added = randomBytes(random, random.below(ADDED_MAX));
    return join([packet.subarray(0, at), added, packet.subarray(at)]);
  });
}

/** A property given twice looks so, for one. */
function repeatBytes(packets: Uint8Array[], random: Random): void {
  edit(packets, random, (packet) => {
    const [start, end] = range(packet, random);
    return join([packet.subarray(0, end), packet.subarray(start)]);
  });
}

function dropPacket(packets: Uint8Array[], random: Random): void {
  packets.splice(random.below(packets.length), 1, new Uint8Array(0));
}

function repeatPacket(packets: Uint8Array[], random: Random): void {
  const at = random.below(packets.length);
  packets.splice(at, 0, one(packets, random).slice());
}

function swapPackets(packets: Uint8Array[], random: Random): void {
  const at = random.below(packets.length);
  const to = random.below(packets.length);
  const [packet] = packets.splice(at, 1);
  if (packet !== undefined) packets.splice(to, 0, packet);
}

/** The front of one packet with the end of another. */
function splice(packets: Uint8Array[], random: Random): void {
  const other = one(packets, random);
  edit(packets, random, (packet) =>
    join([
      packet.subarray(0, random.below(packet.length + 1)),
      other.subarray(random.below(other.length + 1)),
    ]));
}

function one(packets: readonly Uint8Array[], random: Random): Uint8Array {
  return random.of(packets);
}

function edit(
  packets: Uint8Array[],
  random: Random,
  change: (packet: Uint8Array) => Uint8Array,
): void {
  const at = random.below(packets.length);
  const packet = packets[at];
  if (packet !== undefined) packets[at] = change(packet);
}

function range(packet: Uint8Array, random: Random): [number, number] {
  const start = random.below(packet.length + 1);
  return [start, start + random.below(packet.length + 1 - start)];
}

function randomBytes(random: Random, size: number): Uint8Array {
  const bytes = new Uint8Array(size);
  for (let at = 0; at < size; at++) bytes[at] = random.below(256);
  return bytes;
}
