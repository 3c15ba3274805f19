#include "writer.h"

void write_byte(struct bytes *out, int value) {
  *bytes_reserve(out, 1) = (uint8_t)value;
  bytes_grow(out, 1);
}

void write_two_bytes(struct bytes *out, int value) {
  uint8_t *room = bytes_reserve(out, 2);
  room[0] = (uint8_t)(value >> 8);
  room[1] = (uint8_t)value;
  bytes_grow(out, 2);
}

void write_text(struct bytes *out, struct text text) {
  write_two_bytes(out, (int)text.length);
  bytes_append(out, text.data, text.length);
}

void write_header(
  struct bytes *out, int type_and_flags, size_t remaining_length
) {
  write_byte(out, type_and_flags);
  do {
    int byte = remaining_length & 0x7F;
    remaining_length >>= 7;
    write_byte(out, byte | (remaining_length > 0 ? 0x80 : 0));
  } while (remaining_length > 0);
}
