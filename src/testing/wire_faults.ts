/**
 * What can go wrong on a wire, as a tester says it.
 *
 * @module
 */

/** The end of a wire that bytes come from. */
export type WireEnd = "client" | "broker";

/** The control packets (2.1.2), by the number of their type. */
const PACKETS = [
  ...["", "connect", "connack", "publish", "puback", "pubrec"],
  ...["pubrel", "pubcomp", "subscribe", "suback", "unsubscribe"],
  ...["unsuback", "pingreq", "pingresp", "disconnect", "auth"],
] as const;

/** A control packet, by name. */
export type PacketName =
  | "connect"
  | "connack"
  | "publish"
  | "puback"
  | "pubrec"
  | "pubrel"
  | "pubcomp"
  | "subscribe"
  | "suback"
  | "unsubscribe"
  | "unsuback"
  | "pingreq"
  | "pingresp"
  | "disconnect"
  | "auth";

/** Packets on a wire. */
export interface PacketChoice {
  /** Who sends it. */
  readonly from: WireEnd;
  /** Which packet. */
  readonly packet: PacketName;
  /** Which of them, counted from 1, the default. */
  readonly nth?: number;
}

/** A place in what one end sends: behind so many bytes, before a packet, or behind it. Counted from when it is said. */
export type WirePoint =
  | { readonly from: WireEnd; readonly afterBytes: number }
  | {
    readonly from: WireEnd;
    readonly before: PacketName;
    /** Which of them, counted from 1, the default. */
    readonly nth?: number;
  }
  | {
    readonly from: WireEnd;
    readonly after: PacketName;
    /** Which of them, counted from 1, the default. */
    readonly nth?: number;
  };

/**
 * How a wire ends: `"fin"` as one that is closed, where what was sent still arrives; `"reset"` as one that breaks,
 * where what is under way is lost. On a port the system decides what of it arrives all the same.
 */
export type CutKind = "fin" | "reset";

/** What goes wrong on a wire. */
export interface WireFaults {
  /** The wire is cut there; by `"reset"`, where nothing else is said. */
  readonly cut?: WirePoint & { readonly how?: CutKind };
  /**
   * From there on nothing gets through in either direction, not even the end of the wire: the other side seems to
   * be there, takes everything, and says nothing.
   */
  readonly silence?: WirePoint;
  /** Packets that are lost although the wire goes on, which no real wire does: an acknowledgement, say. */
  readonly drop?: PacketChoice | readonly PacketChoice[];
  /** How long bytes are under way, in ms; or those of each end. */
  readonly delayMs?: number | Partial<Readonly<Record<WireEnd, number>>>;
  /** Bytes arrive in pieces of these sizes, over and over: `[1]` is byte by byte. */
  readonly split?: readonly number[];
}

/** Where a wire ends, or goes silent. */
export interface Stop {
  /** What happens there. */
  readonly fault: CutKind | "silence";
  /** Where. */
  readonly point: WirePoint;
}

const NAMES: ReadonlySet<string> = new Set<keyof WireFaults>([
  ...["cut", "silence", "drop", "delayMs", "split"] as const,
]);

/** The name of the packet that begins with this byte; empty for type 0, which is reserved. */
export function packetNamed(header: number): PacketName | "" {
  return PACKETS[header >> 4] as PacketName | "";
}

/** Throws a TypeError or a RangeError for faults that mean nothing: they would never happen. */
export function checkFaults(faults: WireFaults): void {
  for (const name in faults) {
    if (!NAMES.has(name)) fail(TypeError, `there is no fault "${name}"`);
  }
  const { cut, split = [], delayMs = 0 } = faults;
  for (const { point } of stopsOf(faults)) checkPoint(point);
  if (cut?.how !== undefined && !["fin", "reset"].includes(cut.how)) {
    fail(TypeError, 'a wire is cut by "fin" or by "reset"');
  }
  for (const { from, packet, nth } of dropsOf(faults)) {
    checkEnd(from);
    checkPacket(packet, nth);
  }
  for (const size of split) checkWhole("a size of split", size, 1);
  const delays = typeof delayMs === "number"
    ? [delayMs]
    : Object.values(delayMs);
  for (const ms of delays) {
    if (!(ms >= 0 && ms < Infinity)) {
      fail(RangeError, "delayMs must be 0 or more");
    }
  }
}

/** Where the wire is to end or to go silent. */
export function stopsOf({ cut, silence }: WireFaults): Stop[] {
  return [
    ...(cut === undefined
      ? []
      : [{ fault: cut.how ?? "reset", point: cut } as const]),
    ...(silence === undefined
      ? []
      : [{ fault: "silence", point: silence } as const]),
  ];
}

/** The packets that are to be lost. */
export function dropsOf({ drop = [] }: WireFaults): readonly PacketChoice[] {
  return "packet" in drop ? [drop] : drop;
}

/** How long what one end sends is under way. */
export function delayOf({ delayMs = 0 }: WireFaults, from: WireEnd): number {
  return typeof delayMs === "number" ? delayMs : delayMs[from] ?? 0;
}

function checkPoint(point: WirePoint): void {
  checkEnd(point.from);
  if ("afterBytes" in point) checkWhole("afterBytes", point.afterBytes, 0);
  else if ("before" in point) checkPacket(point.before, point.nth);
  else checkPacket(point.after, point.nth);
}

function checkEnd(from: WireEnd): void {
  if (from !== "client" && from !== "broker") {
    fail(TypeError, 'bytes come from "client" or from "broker"');
  }
}

function checkPacket(packet: PacketName, nth = 1): void {
  if (!packet || !PACKETS.includes(packet)) {
    fail(TypeError, `there is no packet ${JSON.stringify(packet)}`);
  }
  checkWhole("nth", nth, 1);
}

function checkWhole(what: string, value: number, least: number): void {
  if (!Number.isInteger(value) || value < least) {
    fail(RangeError, `${what} must be a whole number from ${least} on`);
  }
}

function fail(Fault: typeof TypeError | typeof RangeError, why: string): never {
  throw new Fault(`Cannot script a fault: ${why}`);
}
