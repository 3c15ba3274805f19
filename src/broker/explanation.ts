/**
 * Reason Strings and User Properties: what only explains a packet, and may be left out.
 *
 * @module
 */
import {
  NO_PROPERTIES,
  type OutgoingPacket,
  type Properties,
} from "../codec/packet.ts";

/**
 * So many characters of what a client has sent are quoted. With six for one that is escaped, a Reason String still has
 * room: it takes 65,535 bytes.
 */
const QUOTED_MAX = 200;

/** What a client has sent, for people: on one line, and not too much of it. */
export function quoted(text: string | undefined): string {
  return text === undefined || text.length <= QUOTED_MAX
    ? `${JSON.stringify(text)}`
    : `${JSON.stringify(text.slice(0, QUOTED_MAX))}...`;
}

/** What the broker sends besides messages. */
export type Reply = Exclude<OutgoingPacket, { readonly type: "publish" }>;

/**
 * Whether the packet may have them, as its client has set Request Problem Information: where that is
 * false, they may come with CONNACK and DISCONNECT alone [MQTT-3.1.2-29].
 */
export function mayExplain(packet: Reply, isRequested: boolean): boolean {
  return isRequested || packet.type === "connack" ||
    packet.type === "disconnect";
}

/** The packet without them: the same one where it has none. */
export function withoutExplanation<Packet extends Reply>(
  packet: Packet,
): Packet {
  if (!("properties" in packet) || !explains(packet.properties)) return packet;
  const { reasonString: _, userProperties: __, ...properties } =
    packet.properties;
  const isEmpty = Object.keys(properties).length === 0;
  return { ...packet, properties: isEmpty ? NO_PROPERTIES : properties };
}

function explains({ reasonString, userProperties }: Properties): boolean {
  return reasonString !== undefined || userProperties !== undefined;
}
