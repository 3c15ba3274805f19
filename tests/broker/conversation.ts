/**
 * Conversations with a broker, byte by byte out of the specification: what each client sends, and what it
 * must get.
 *
 * @module
 */
import { assert, assertEquals } from "@std/assert";
import type { BrokerSettings } from "../../src/broker/settings.ts";
import { bytesOf } from "../codec/golden.ts";
import { Bench, hex, type Peer } from "./machine.ts";

/** How the bytes of one go arrive. */
export type Feed = (bytes: Uint8Array) => readonly Uint8Array[];

/** In one piece. */
export const whole: Feed = (bytes) => [bytes];

/** Byte by byte. */
export const byteByByte: Feed = (bytes) =>
  Array.from(bytes, (byte) => Uint8Array.of(byte));

/** In two pieces. */
export function cutAt(place: number): Feed {
  return (bytes) => [bytes.subarray(0, place), bytes.subarray(place)];
}

/** What a conversation is held with. */
export interface ConversationOptions {
  settings?: Partial<BrokerSettings>;
  feed?: Feed;
}

/**
 * Holds a conversation, and fails where the broker does not say what it should. Lines begin with the name
 * of a client:
 *
 * - `a> 10 0d | comment` sends these bytes, with those of the lines that follow it alike;
 * - `a< 20 02 | comment` awaits these bytes, with those of the lines that follow it alike, and no others;
 * - `a.` sees that there are no bytes for it, and that its connection goes on;
 * - `a!` sees that its connection has been ended;
 * - `a/` breaks its wire;
 * - `+1500` lets 1500 ms go by.
 *
 * Every other client must have got nothing by the end.
 */
export function converse(
  text: string,
  { settings = {}, feed = whole }: ConversationOptions = {},
): void {
  const bench = new Bench(settings);
  const peers = new Map<string, Peer>();
  const peerOf = (name: string): Peer => {
    const peer = peers.get(name) ?? bench.wire();
    peers.set(name, peer);
    return peer;
  };
  for (const { name, sign, text: part } of parse(text)) {
    if (sign === "+") bench.pass(Number(part));
    else say(peerOf(name), sign, part, feed);
    if (sign === "/") peers.delete(name);
  }
  for (const [name, peer] of peers) {
    assertEquals(peer.hex(), "", `${name} got more`);
  }
}

function say(peer: Peer, sign: string, text: string, feed: Feed): void {
  switch (sign) {
    case ">":
      for (const piece of feed(bytesOf(text))) peer.push(piece);
      return;
    case "<":
      return assertEquals(peer.hex(), hex(bytesOf(text)), text);
    case ".":
      assertEquals(peer.hex(), "");
      return assert(!peer.isEnding, "its connection has been ended");
    case "!":
      return assert(peer.isEnding, "its connection goes on");
    case "/":
      return peer.lose();
  }
}

interface Part {
  readonly name: string;
  readonly sign: string;
  text: string;
}

function parse(text: string): Part[] {
  const parts: Part[] = [];
  for (const line of text.split("\n")) {
    if (line.trim() === "") continue;
    const match = line.match(/^\s*([a-z]?)([><.!/+])(.*)$/);
    assert(match, `no line of a conversation: ${line}`);
    const [, name = "", sign = "", rest = ""] = match;
    const last = parts.at(-1);
    const goesOn = last?.name === name && last.sign === sign &&
      (sign === ">" || sign === "<");
    if (goesOn && !rest.startsWith(">")) last.text += `\n${rest}`;
    else parts.push({ name, sign, text: rest.replace(/^>/, "") });
  }
  return parts;
}
