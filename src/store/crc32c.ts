/**
 * CRC-32C (Castagnoli): the checksum that storage uses, as it finds what disks and memories do to bytes.
 *
 * @module
 */

// The polynomial, bits reversed.
const POLYNOMIAL = 0x82F63B78;

// Table n says what a byte that has n more behind it makes of the sum: eight bytes cost eight look-ups.
const TABLES = makeTables();

/** The checksum of `bytes` from `start` to `end`, going on from that of what came before. */
export function crc32c(
  bytes: Uint8Array,
  start: number,
  end: number,
  before: number,
): number {
  let sum = ~before;
  let position = start;
  for (; position + 8 <= end; position += 8) {
    sum ^= at(bytes, position) | at(bytes, position + 1) << 8 |
      at(bytes, position + 2) << 16 | at(bytes, position + 3) << 24;
    sum = look(7, sum) ^ look(6, sum >>> 8) ^ look(5, sum >>> 16) ^
      look(4, sum >>> 24) ^ look(3, at(bytes, position + 4)) ^
      look(2, at(bytes, position + 5)) ^ look(1, at(bytes, position + 6)) ^
      look(0, at(bytes, position + 7));
  }
  for (; position < end; position++) {
    sum = (sum >>> 8) ^ look(0, sum ^ at(bytes, position));
  }
  return ~sum >>> 0;
}

function at(bytes: Uint8Array, position: number): number {
  return bytes[position] ?? 0;
}

function look(table: number, byte: number): number {
  return TABLES[table << 8 | byte & 0xFF] ?? 0;
}

function makeTables(): Int32Array {
  const tables = new Int32Array(8 * 256);
  for (let byte = 0; byte < 256; byte++) {
    let sum = byte;
    for (let bit = 0; bit < 8; bit++) {
      sum = sum & 1 ? (sum >>> 1) ^ POLYNOMIAL : sum >>> 1;
    }
    tables[byte] = sum;
  }
  for (let index = 256; index < tables.length; index++) {
    const sum = tables[index - 256] ?? 0;
    tables[index] = (sum >>> 8) ^ (tables[sum & 0xFF] ?? 0);
  }
  return tables;
}
