/**
 * Packets in readable lines, for debugging. Secrets are masked, what would steer a terminal is escaped,
 * and what is long is cut.
 *
 * @module
 */
import type {
  ConnackPacket,
  ConnectPacket,
  OutgoingPacket,
  OutgoingPublish,
  Properties,
  SubscriptionRequest,
  WillPacket,
} from "./packet.ts";
import { connectReturnText, reasonText } from "./reason_code.ts";

/** As much of a text, in characters, or of a payload, in bytes, is shown. */
const SHOWN_MAX = 64;

/** As many items of a list are shown. */
const ITEMS_MAX = 10;

const SECRET = "***";

const VERSION_NAMES = { 3: "MQTT 3.1", 4: "MQTT 3.1.1", 5: "MQTT 5" } as const;

/**
 * One line that says what a packet is about.
 *
 * @example
 * ```ts
 * import { assertEquals } from "@std/assert";
 *
 * const line = describePacket({
 *   type: "publish",
 *   topicName: "a/b",
 *   payload: "hello",
 *   qos: 1,
 *   retain: true,
 *   dup: false,
 *   packetId: 7,
 *   properties: {},
 * });
 * assertEquals(line, 'PUBLISH "a/b" QoS 1 id 7 retain 5 bytes "hello"');
 * ```
 */
export function describePacket(packet: OutgoingPacket): string {
  return [packet.type.toUpperCase(), ...partsOf(packet)].join(" ");
}

function partsOf(packet: OutgoingPacket): string[] {
  switch (packet.type) {
    case "connect":
      return describeConnect(packet);
    case "connack":
      return describeConnack(packet);
    case "publish":
      return describePublish(packet);
    case "puback":
    case "pubrec":
    case "pubrel":
    case "pubcomp":
      return [
        `id ${packet.packetId}`,
        ...(packet.reasonCode === 0
          ? []
          : [describeReason(packet.reasonCode, packet.type)]),
        ...describeProperties(packet.properties),
      ];
    case "subscribe":
      return [
        `id ${packet.packetId}`,
        list(packet.subscriptions, describeRequest),
        ...describeProperties(packet.properties),
      ];
    case "unsubscribe":
      return [
        `id ${packet.packetId}`,
        list(packet.topicFilters, quote),
        ...describeProperties(packet.properties),
      ];
    case "suback":
    case "unsuback":
      return [
        `id ${packet.packetId}`,
        ...(packet.reasonCodes.length === 0 ? [] : [
          list(
            packet.reasonCodes,
            (code) => describeReason(code, packet.type),
          ),
        ]),
        ...describeProperties(packet.properties),
      ];
    case "pingreq":
    case "pingresp":
      return [];
    case "disconnect":
    case "auth":
      return [
        describeReason(packet.reasonCode, packet.type),
        ...describeProperties(packet.properties),
      ];
  }
}

function describeConnect(packet: ConnectPacket): string[] {
  const { protocolVersion, clientId, username, password, will } = packet;
  return [
    VERSION_NAMES[protocolVersion],
    `client id ${quote(clientId)}`,
    ...flag(
      packet.cleanStart,
      protocolVersion === 5 ? "clean start" : "clean session",
    ),
    `keep alive ${packet.keepAlive} s`,
    ...(username === undefined ? [] : [`username ${quote(username)}`]),
    ...flag(password !== undefined, `password ${SECRET}`),
    ...(will === undefined ? [] : ["will", ...describeWill(will)]),
    ...describeProperties(packet.properties),
  ];
}

function describeWill(will: WillPacket): string[] {
  return [
    quote(will.topicName),
    `QoS ${will.qos}`,
    ...flag(will.retain, "retain"),
    describePayload(will.payload),
    ...describeProperties(will.properties),
  ];
}

function describeConnack(packet: ConnackPacket): string[] {
  const { protocolVersion, reasonCode } = packet;
  return [
    VERSION_NAMES[protocolVersion],
    protocolVersion === 5
      ? describeReason(reasonCode, "connack")
      : `${reasonCode} ${connectReturnText(reasonCode)}`,
    ...flag(packet.sessionPresent, "session present"),
    ...describeProperties(packet.properties),
  ];
}

function describePublish(packet: OutgoingPublish): string[] {
  return [
    quote(packet.topicName),
    `QoS ${packet.qos}`,
    ...(packet.qos === 0 ? [] : [`id ${packet.packetId}`]),
    ...flag(packet.dup, "dup"),
    ...flag(packet.retain, "retain"),
    describePayload(packet.payload),
    ...describeProperties(packet.properties),
  ];
}

function describeRequest(request: SubscriptionRequest): string {
  return [
    quote(request.topicFilter),
    `QoS ${request.qos}`,
    ...flag(request.noLocal, "noLocal"),
    ...flag(request.retainAsPublished, "retainAsPublished"),
    ...flag(
      request.retainHandling !== 0,
      `retainHandling ${request.retainHandling}`,
    ),
  ].join(" ");
}

function describeReason(
  code: number,
  type: OutgoingPacket["type"],
): string {
  const number = code.toString(16).toUpperCase().padStart(2, "0");
  return `0x${number} ${reasonText(code, type)}`;
}

function describeProperties(properties: Properties): string[] {
  return Object.entries(properties)
    .filter(([, value]) => value !== undefined)
    .map(([name, value]) =>
      `${name} ${name === "authenticationData" ? SECRET : describeValue(value)}`
    );
}

function describeValue(value: unknown): string {
  if (typeof value === "string") return quote(value);
  if (value instanceof Uint8Array) return describeBytes(value);
  if (!Array.isArray(value)) return String(value);
  return list(
    value,
    (item) =>
      Array.isArray(item)
        ? item.map((part) => quote(String(part))).join("=")
        : String(item),
  );
}

/** What the payload's size and beginning are. */
function describePayload(payload: Uint8Array | string): string {
  if (typeof payload === "string") {
    return `${new TextEncoder().encode(payload).length} bytes ${
      quote(payload)
    }`;
  }
  const size = `${payload.length} bytes`;
  return payload.length === 0 ? size : `${size} ${describeBytes(payload)}`;
}

/** The first bytes as a text where they are UTF-8, else in hexadecimal digits. */
function describeBytes(bytes: Uint8Array): string {
  const shown = bytes.subarray(0, SHOWN_MAX);
  const rest = bytes.length > SHOWN_MAX ? "..." : "";
  try {
    // As a stream, so that a character that the cut goes through is no error.
    const text = new TextDecoder("utf-8", { fatal: true, ignoreBOM: true })
      .decode(shown, { stream: rest !== "" });
    return `"${escape(text)}"${rest}`;
  } catch {
    const digits = Array.from(
      shown,
      (byte) => byte.toString(16).padStart(2, "0"),
    );
    return `0x${digits.join("")}${rest}`;
  }
}

function quote(text: string): string {
  return text.length > SHOWN_MAX
    ? `"${escape(text.slice(0, SHOWN_MAX))}"...`
    : `"${escape(text)}"`;
}

/** Escapes quotes, control characters, invisible and direction-changing ones, and lone surrogates. */
function escape(text: string): string {
  return text.replace(
    /["\\]|[\p{Cc}\p{Cf}\p{Cs}\p{Zl}\p{Zp}]/gu,
    (character) => {
      if (character === '"' || character === "\\") return `\\${character}`;
      const code = character.codePointAt(0) ?? 0;
      return `\\u{${code.toString(16)}}`;
    },
  );
}

function list<Item>(
  items: readonly Item[],
  describe: (item: Item) => string,
): string {
  const shown = items.slice(0, ITEMS_MAX).map(describe).join(", ");
  return items.length > ITEMS_MAX
    ? `${shown}, and ${items.length - ITEMS_MAX} more`
    : shown;
}

function flag(isSet: boolean, word: string): string[] {
  return isSet ? [word] : [];
}
