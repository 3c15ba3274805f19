import { assert, assertEquals, assertThrows } from "@std/assert";
import { PacketDecoder } from "../../src/codec/decoder.ts";
import { encodePublish } from "../../src/codec/publish.ts";
import {
  NO_PROPERTIES,
  type Packet,
  type ProtocolVersion,
} from "../../src/codec/packet.ts";
import { ByteWriter } from "../../src/codec/writer.ts";
import { ProtocolError } from "../../src/errors.ts";

const VERSIONS: ProtocolVersion[] = [3, 4, 5];

function decoder(protocolVersion: ProtocolVersion = 4): PacketDecoder {
  return new PacketDecoder({ protocolVersion, from: "server" });
}

/** A PUBLISH of QoS 0 under MQTT 3.1.1 with the topic "t". */
function publish(payload: Uint8Array | string): Uint8Array {
  const writer = new ByteWriter();
  encodePublish(writer, {
    type: "publish",
    topicName: "t",
    payload,
    qos: 0,
    retain: false,
    dup: false,
    packetId: 0,
    properties: NO_PROPERTIES,
  }, 4);
  return writer.take()?.slice() ?? new Uint8Array(0);
}

function payloadOf(packet: Packet | undefined): Uint8Array {
  assert(packet?.type === "publish");
  return packet.payload;
}

/** 1, 2, 3 and so on, so that a byte in the wrong place is seen. */
function counting(size: number): Uint8Array {
  return new Uint8Array(size).map((_, index) => index);
}

Deno.test("PacketDecoder gives a payload inside one read as a view of it", () => {
  const bytes = publish("hello");
  const block = Uint8Array.of(9, ...bytes, ...bytes, 0xD0);
  const receiver = decoder();
  receiver.push(block.subarray(1));
  for (let time = 0; time < 2; time++) {
    const payload = payloadOf(receiver.next());
    assertEquals(payload.buffer, block.buffer);
    assertEquals(new TextDecoder().decode(payload), "hello");
  }
  assertEquals(receiver.next(), undefined);
  assert(!receiver.atBoundary);
});

Deno.test("PacketDecoder gathers a packet that spans reads in a buffer of exactly its size", () => {
  const payload = counting(1_000);
  const bytes = publish(payload);
  for (const cut of [1, 2, 3, 5, 500, bytes.length - 1]) {
    const receiver = decoder();
    receiver.push(bytes.subarray(0, cut));
    assertEquals(receiver.next(), undefined);
    receiver.push(Uint8Array.of(...bytes.subarray(cut), 0xD0, 0x00));
    const gathered = payloadOf(receiver.next());
    assertEquals(gathered, payload);
    assertEquals(gathered.buffer.byteLength, bytes.length);
    assertEquals(receiver.next(), { type: "pingresp" });
    assert(receiver.atBoundary);
  }
});

Deno.test("PacketDecoder gathers with memory for what arrived, not for what a header announces", () => {
  const announced = 268_435_455;
  const allocated = countAllocations(() => {
    const receiver = decoder();
    receiver.push(Uint8Array.of(0x30, 0xFF, 0xFF, 0xFF, 0x7F, 0, 1, 0x74));
    for (let read = 0; read < 1_000; read++) {
      receiver.push(counting(10));
      assertEquals(receiver.next(), undefined);
    }
    assert(!receiver.atBoundary);
  });
  assert(allocated.length > 0, "nothing was gathered");
  assert(Math.max(...allocated) < 40_000, `${allocated} of ${announced}`);
  const total = allocated.reduce((sum, size) => sum + size, 0);
  assert(total < 80_000, `${total} bytes were allocated for 10,008`);
});

/** The sizes of all buffers of 64 bytes and more that are made while `act` runs. */
function countAllocations(act: () => void): number[] {
  const sizes: number[] = [];
  const original = globalThis.Uint8Array;
  globalThis.Uint8Array = new Proxy(original, {
    construct(target, [source, ...more], newTarget) {
      if (typeof source === "number" && source >= 64) sizes.push(source);
      return Reflect.construct(target, [source, ...more], newTarget);
    },
  });
  try {
    act();
  } finally {
    globalThis.Uint8Array = original;
  }
  return sizes;
}

Deno.test("PacketDecoder takes a packet of 4 MiB byte by byte", () => {
  const bytes = publish(counting(4 * 1024 * 1024));
  const receiver = decoder();
  for (let index = 0; index < bytes.length - 1; index++) {
    receiver.push(bytes.subarray(index, index + 1));
    if (receiver.next() !== undefined) throw new Error("a packet too early");
  }
  receiver.push(bytes.subarray(-1));
  assertEquals(payloadOf(receiver.next()).length, 4 * 1024 * 1024);
});

Deno.test("PacketDecoder gathers a packet of 20 MB from many reads with each byte in its place", () => {
  const payload = counting(20_000_000);
  const bytes = publish(payload);
  const receiver = decoder();
  for (let start = 0; start < bytes.length; start += 65_537) {
    assertEquals(receiver.next(), undefined);
    receiver.push(bytes.subarray(start, start + 65_537));
  }
  const gathered = payloadOf(receiver.next());
  assertEquals(gathered.length, payload.length);
  assert(gathered.every((byte, index) => byte === index % 256));
});

Deno.test("PacketDecoder refuses a packet above sizeMax as soon as its header is readable", () => {
  const bytes = publish(counting(200)); // Two bytes of Remaining Length.
  for (const whole of [true, false]) {
    const receiver = decoder();
    receiver.sizeMax = bytes.length - 1;
    receiver.push(bytes.subarray(0, whole ? undefined : 2));
    if (!whole) receiver.push(bytes.subarray(2, 3));
    const error = assertThrows(() => receiver.next(), ProtocolError);
    assertEquals(error.reasonCode, 0x95);
    assertEquals(error.clause, "MQTT-3.1.2-24");
  }
  const receiver = decoder();
  receiver.sizeMax = bytes.length;
  receiver.push(bytes);
  assertEquals(payloadOf(receiver.next()).length, 200);
});

Deno.test("PacketDecoder names the rule for a client that sends more than sizeMax", () => {
  const receiver = new PacketDecoder({
    protocolVersion: 5,
    from: "client",
    sizeMax: 10,
  });
  receiver.push(Uint8Array.of(0x30, 9));
  const error = assertThrows(() => receiver.next(), ProtocolError);
  assertEquals(error.clause, "MQTT-3.2.2-15");
});

Deno.test("PacketDecoder refuses a wrong first byte before anything follows it", () => {
  for (const protocolVersion of VERSIONS) {
    for (const byte of [0x00, 0x15, 0x36, 0x38, 0x48, 0x82, 0x10, 0xC0]) {
      const receiver = decoder(protocolVersion); // "HTTP" begins with 0x48, TLS with 0x15.
      receiver.push(Uint8Array.of(byte));
      assertThrows(() => receiver.next(), ProtocolError);
    }
  }
});

Deno.test("PacketDecoder takes a Remaining Length with needless bytes under MQTT 3.x, not under MQTT 5", () => {
  const needless = [
    [0xD0, 0x80, 0x00],
    [0xD0, 0x80, 0x80, 0x00],
    [0xD0, 0x80, 0x80, 0x80, 0x00],
  ];
  for (const bytes of needless) {
    for (const protocolVersion of VERSIONS) {
      const receiver = decoder(protocolVersion);
      receiver.push(Uint8Array.from(bytes));
      if (protocolVersion < 5) {
        assertEquals(receiver.next(), { type: "pingresp" });
      } else {
        const error = assertThrows(() => receiver.next(), ProtocolError);
        assertEquals(error.clause, "MQTT-1.5.5-1");
      }
    }
  }
});

Deno.test("PacketDecoder takes such a Remaining Length in a CONNECT of MQTT 3.1.1, whatever it expected", () => {
  const receiver = new PacketDecoder({ protocolVersion: 5, from: "client" });
  receiver.push(
    Uint8Array.of(
      ...[0x10, 0x8C, 0x00, 0, 4, 0x4D, 0x51, 0x54, 0x54, 4, 2, 0, 0, 0, 0],
      ...[0xC0, 0x80, 0x00],
    ),
  );
  assertEquals(receiver.next()?.type, "connect");
  assertEquals(receiver.protocolVersion, 4);
  assertEquals(receiver.next(), { type: "pingreq" });
});

Deno.test("PacketDecoder refuses a Remaining Length of five bytes, at the fourth", () => {
  for (const protocolVersion of VERSIONS) {
    const receiver = decoder(protocolVersion);
    receiver.push(Uint8Array.of(0xD0, 0x80, 0x80, 0x80, 0x80));
    const error = assertThrows(() => receiver.next(), ProtocolError);
    assertEquals(error.reasonCode, 0x81);
  }
});

Deno.test("PacketDecoder takes empty reads for what they are", () => {
  const receiver = decoder();
  const bytes = publish("x");
  for (const byte of bytes) {
    receiver.push(new Uint8Array(0));
    assertEquals(receiver.next(), undefined);
    receiver.push(Uint8Array.of(byte));
  }
  assertEquals(payloadOf(receiver.next()), Uint8Array.of(0x78));
  assert(receiver.atBoundary);
});
