/**
 * UTF-8 Encoded Strings (chapter 1.5.4): what is well formed, and the quick ways for the short ASCII
 * strings that most of them are.
 *
 * @module
 */

/** The most bytes that a UTF-8 Encoded String or Binary Data can have: its length takes two bytes. */
export const STRING_SIZE_MAX = 65_535;

// Beyond this many bytes the platform's decoder, with its fixed cost of a call, is quicker.
const ASCII_DECODE_MAX = 48;

// A leading U+FEFF belongs to the string and stays there [MQTT-1.5.4-3]: hence ignoreBOM, which means to keep it.
const decoder = new TextDecoder("utf-8", { fatal: true, ignoreBOM: true });

/** Reads a short string of ASCII; undefined where it is not short, not ASCII or has U+0000. */
export function decodeAscii(
  view: DataView,
  start: number,
  end: number,
): string | undefined {
  if (end - start > ASCII_DECODE_MAX) return undefined;
  let text = "";
  let position = start;
  // Eight at a time: a call of fromCharCode costs as much with one.
  for (; position + 8 <= end; position += 8) {
    const high = view.getInt32(position);
    const low = view.getInt32(position + 4);
    if (!isAscii(high) || !isAscii(low)) return undefined;
    text += String.fromCharCode(
      high >>> 24,
      (high >>> 16) & 0xFF,
      (high >>> 8) & 0xFF,
      high & 0xFF,
      low >>> 24,
      (low >>> 16) & 0xFF,
      (low >>> 8) & 0xFF,
      low & 0xFF,
    );
  }
  if (position + 4 <= end) {
    const four = view.getInt32(position);
    if (!isAscii(four)) return undefined;
    text += String.fromCharCode(
      four >>> 24,
      (four >>> 16) & 0xFF,
      (four >>> 8) & 0xFF,
      four & 0xFF,
    );
    position += 4;
  }
  for (; position < end; position++) {
    const byte = view.getUint8(position);
    if (byte === 0 || byte >= 0x80) return undefined;
    text += String.fromCharCode(byte);
  }
  return text;
}

/** Whether all four bytes are 0x01 to 0x7F: a byte of 0x00 borrows from its highest bit, one of 0x80 has it. */
function isAscii(four: number): boolean {
  return (((four - 0x01010101) | four) & 0x80808080) === 0;
}

/** Reads any string; undefined where it is not well-formed UTF-8. */
export function decodeUtf8(bytes: Uint8Array): string | undefined {
  try {
    return decoder.decode(bytes);
  } catch {
    return undefined;
  }
}
