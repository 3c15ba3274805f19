// Frames as a server sends them, and bytes as text: what the tests of WebSocket are written with.

import { concat } from "@std/bytes";

/** Bytes from hexadecimal; `00*5` stands for five times 00, and what is in brackets explains. */
export function bytes(text: string): Uint8Array<ArrayBuffer> {
  const words = text.replace(/\([^)]*\)/g, "").match(/\S+/g) ?? [];
  return Uint8Array.from(words.flatMap((word) => {
    const [byte = "", times = "1"] = word.split("*");
    return Array<number>(Number(times)).fill(parseInt(byte, 16));
  }));
}

/** The text as bytes, a character each. */
export function latin1(text: string): Uint8Array<ArrayBuffer> {
  return Uint8Array.from(text, (character) => character.charCodeAt(0));
}

/** A frame, without a mask where none is given. */
export function frame(
  opcode: number,
  payload: Uint8Array,
  { fin = true, mask }: { fin?: boolean; mask?: Uint8Array } = {},
): Uint8Array<ArrayBuffer> {
  const size = payload.length;
  const long = new Uint8Array(8);
  new DataView(long.buffer).setBigUint64(0, BigInt(size));
  const length = size <= 125
    ? [size]
    : size <= 0xffff
    ? [126, size >> 8, size & 0xff]
    : [127, ...long];
  const [form = 0, ...more] = length;
  const first = (fin ? 0x80 : 0) | opcode;
  if (mask === undefined) {
    return concat([Uint8Array.of(first, form, ...more), payload]);
  }
  return concat([
    Uint8Array.of(first, 0x80 | form, ...more),
    mask,
    payload.map((byte, i) => byte ^ (mask[i % 4] ?? 0)),
  ]);
}

/** A close frame. */
export function closeFrame(code: number, reason = ""): Uint8Array<ArrayBuffer> {
  return frame(
    8,
    Uint8Array.of(
      code >> 8,
      code & 0xff,
      ...new TextEncoder().encode(reason),
    ),
  );
}

/** What a masked frame of ours says, and what stands behind it; undefined where it is not whole. */
export function unmask(
  data: Uint8Array,
):
  | { first: number; payload: Uint8Array<ArrayBuffer>; rest: Uint8Array }
  | undefined {
  const [first, second] = data;
  if (first === undefined || second === undefined) return undefined;
  if ((second & 0x80) === 0) throw new Error("A frame of ours has no mask");
  const view = new DataView(data.buffer, data.byteOffset, data.byteLength);
  const form = second & 0x7f;
  const at = form === 126 ? 4 : form === 127 ? 10 : 2;
  if (data.length < at + 4) return undefined;
  const size = form === 126
    ? view.getUint16(2)
    : form === 127
    ? Number(view.getBigUint64(2))
    : form;
  const start = at + 4;
  if (data.length < start + size) return undefined;
  const payload = Uint8Array.from(
    data.subarray(start, start + size),
    (byte, i) => byte ^ (data[at + i % 4] ?? 0),
  );
  return { first, payload, rest: data.subarray(start + size) };
}
