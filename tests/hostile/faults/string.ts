// Strings that are none (chapter 1.5.4), wherever a server may send one.

import { bytesOf, packetBytes } from "../../codec/golden.ts";
import { ILL_FORMED } from "../../codec/golden/text.ts";
import type { ProtocolVersion } from "../../../src/codec/packet.ts";
import { type Fault, PHASES } from "../fault.ts";

/** Where a string stands: the packet's first byte, what is before it, and what is behind it. */
interface Place {
  readonly name: string;
  readonly versions: readonly ProtocolVersion[];
  readonly first: number;
  readonly before: string;
  readonly behind: string;
  /** Whether before it stands how long the properties are. */
  readonly isProperty: boolean;
}

// deno-fmt-ignore
const PLACES: readonly Place[] = [
  { name: "the topic of PUBLISH", versions: [3, 4], first: 0x30, before: "", behind: "68", isProperty: false },
  { name: "the topic of PUBLISH", versions: [5], first: 0x30, before: "", behind: "00 68", isProperty: false },
  { name: "a User Property of PUBLISH", versions: [5], first: 0x30, before: "00 01 61 L 26 00 01 6e", behind: "", isProperty: true },
  { name: "the Reason String of PUBACK", versions: [5], first: 0x40, before: "00 01 00 L 1f", behind: "", isProperty: true },
];

/** Each of them in each place. */
export const stringFaults: readonly Fault[] = PLACES.flatMap((place) =>
  Object.entries(ILL_FORMED).map(([what, hex]): Fault => ({
    name: `${what} in ${place.name}`,
    versions: place.versions,
    phases: PHASES,
    bytes: packetOf(place, hex),
    reasonCode: 0x81,
    clause: what === "U+0000" ? "MQTT-1.5.4-2" : "MQTT-1.5.4-1",
  }))
);

function packetOf(
  { first, before, behind, isProperty }: Place,
  hex: string,
): Uint8Array {
  const text = bytesOf(hex);
  const string = [0, text.length, ...text];
  const [head = "", opening = ""] = isProperty ? before.split("L") : [before];
  const rest = [...bytesOf(opening), ...string, ...bytesOf(behind)];
  const length = isProperty ? [rest.length] : [];
  return packetBytes(first, [...bytesOf(head), ...length, ...rest]);
}
