/** Every Reason Code in every packet: taken where the packet's own chapter lists it, else refused. */
import { assertEquals } from "@std/assert";
import type { Packet, ProtocolVersion } from "../../src/codec/packet.ts";
import { PacketDecoder } from "../../src/codec/decoder.ts";
import {
  assertRefused,
  bytesOf,
  decodeAll,
  type Sender,
  VERSION_NAMES,
} from "./golden.ts";

interface ReasonCodes {
  readonly versions: readonly ProtocolVersion[];
  readonly from: Sender;
  /** The packet, with an X where the Reason Code stands. */
  readonly bytes: string;
  readonly clauses: readonly string[];
  /** The codes that the chapter lists. */
  readonly codes: string;
  /** Codes on which the specification does not agree with itself, or which are the other side's. */
  readonly unclear?: string;
}

// deno-fmt-ignore
const TABLE: Readonly<Record<string, ReasonCodes>> = {
  "CONNACK return code": {
    versions: [3, 4],
    from: "server",
    bytes: "20 02 00 X",
    clauses: ["3.2"],
    codes: "00 01 02 03 04 05",
  },
  CONNACK: {
    versions: [5],
    from: "server",
    bytes: "20 03 00 X 00",
    clauses: ["3.2.2-8", "3.2.2.2"],
    codes: "00 80 81 82 83 84 85 86 87 88 89 8a 8c 90 95 97 99 9a 9b 9c 9d 9f",
  },
  PUBACK: {
    versions: [5],
    from: "server",
    bytes: "40 03 00 01 X",
    clauses: ["3.4.2-1"],
    codes: "00 10 80 83 87 90 91 97 99",
  },
  PUBREC: {
    versions: [5],
    from: "server",
    bytes: "50 03 00 01 X",
    clauses: ["3.5.2-1"],
    codes: "00 10 80 83 87 90 91 97 99",
  },
  PUBREL: {
    versions: [5],
    from: "server",
    bytes: "62 03 00 01 X",
    clauses: ["3.6.2-1"],
    codes: "00 92",
  },
  PUBCOMP: {
    versions: [5],
    from: "client",
    bytes: "70 04 00 01 X 00",
    clauses: ["3.7.2-1"],
    codes: "00 92",
  },
  "SUBACK return code": {
    versions: [4],
    from: "server",
    bytes: "90 04 00 01 00 X",
    clauses: ["3.9.3-2"],
    codes: "00 01 02 80",
  },
  SUBACK: {
    versions: [5],
    from: "server",
    bytes: "90 05 00 01 00 00 X",
    clauses: ["3.9.3-2"],
    codes: "00 01 02 80 83 87 8f 91 97 9e a1 a2",
  },
  UNSUBACK: {
    versions: [5],
    from: "server",
    bytes: "b0 05 00 01 00 00 X",
    clauses: ["3.11.3-2"],
    codes: "00 11 80 83 87 8f 91",
  },
  // 0x8C is a DISCONNECT's in table 2-6, but not in table 3-10.
  "DISCONNECT of a server": {
    versions: [5],
    from: "server",
    bytes: "e0 01 X",
    clauses: ["3.14.2-1"],
    codes: "80 81 82 83 87 89 8b 8d 8e 8f 90 93 94 95 96 97 98 99 9a 9b 9c 9d 9e 9f a0 a1 a2",
    unclear: "00 04 8c",
  },
  "DISCONNECT of a client": {
    versions: [5],
    from: "client",
    bytes: "e0 01 X",
    clauses: ["3.14.2-1"],
    codes: "00 04 80 81 82 83 90 93 94 95 96 97 98 99",
    unclear: "87 89 8b 8c 8d 8e 8f 9a 9b 9c 9d 9e 9f a0 a1 a2",
  },
  "AUTH of a server": {
    versions: [5],
    from: "server",
    bytes: "f0 06 X 04 15 00 01 6d",
    clauses: ["3.15.2-1"],
    codes: "00 18",
    unclear: "19",
  },
  "AUTH of a client": {
    versions: [5],
    from: "client",
    bytes: "f0 06 X 04 15 00 01 6d",
    clauses: ["3.15.2-1"],
    codes: "18 19",
    unclear: "00",
  },
};

for (const [name, row] of Object.entries(TABLE)) {
  const codes = [...bytesOf(row.codes)];
  const listed = [...codes, ...bytesOf(row.unclear ?? "")];
  const others = Array.from({ length: 256 }, (_, code) => code)
    .filter((code) => !listed.includes(code));
  for (const version of row.versions) {
    Deno.test(`PacketDecoder takes each ${name} that is listed (${VERSION_NAMES[version]})`, () => {
      for (const code of codes) {
        const decoder = new PacketDecoder({
          protocolVersion: version,
          from: row.from,
        });
        const packets = decodeAll(decoder, [packetWith(row, code)]);
        assertEquals(packets.map(reasonCodeOf), [code]);
      }
    });

    Deno.test(`PacketDecoder refuses each ${name} that is not listed (${VERSION_NAMES[version]})`, () => {
      for (const code of others) {
        assertRefused({
          name: `${name} 0x${code.toString(16)}`,
          version,
          from: row.from,
          bytes: packetWith(row, code),
          reasonCodes: [0x81, 0x82],
          clauses: row.clauses,
        });
      }
    });
  }
}

function packetWith(row: ReasonCodes, code: number): Uint8Array {
  const hex = code.toString(16).padStart(2, "0");
  return bytesOf(row.bytes.replace("X", hex));
}

function reasonCodeOf(packet: Packet): number | undefined {
  if ("reasonCodes" in packet) return packet.reasonCodes.at(-1);
  return "reasonCode" in packet ? packet.reasonCode : undefined;
}
