#include "reader.h"

size_t read_left(const struct reader *reader) {
  return (size_t)(reader->end - reader->at);
}

void read_skip(struct reader *reader, size_t size) {
  if (size > read_left(reader)) {
    reader->failed = true;
    size = read_left(reader);
  }
  reader->at += size;
}

uint8_t read_byte(struct reader *reader) {
  const uint8_t *at = reader->at;
  read_skip(reader, 1);
  return reader->failed ? 0 : at[0];
}

uint16_t read_two_bytes(struct reader *reader) {
  const uint8_t *at = reader->at;
  read_skip(reader, 2);
  return reader->failed ? 0 : (uint16_t)(at[0] << 8 | at[1]);
}

uint32_t read_variable_byte_integer(struct reader *reader) {
  uint32_t value = 0;
  for (int shift = 0; shift < 28; shift += 7) {
    uint8_t byte = read_byte(reader);
    value |= (uint32_t)(byte & 0x7F) << shift;
    if (byte < 0x80) return value;
  }
  reader->failed = true;
  return 0;
}

struct text read_text(struct reader *reader) {
  size_t length = read_two_bytes(reader);
  struct text text = {reader->at, length};
  read_skip(reader, length);
  if (reader->failed) text.length = 0;
  return text;
}

static void skip_property(struct reader *reader, int identifier) {
  switch (identifier) {
    case 0x01: case 0x17: case 0x19: case 0x24: case 0x25:
    case 0x28: case 0x29: case 0x2A:
      return read_skip(reader, 1);
    case 0x13: case 0x21: case 0x22: case 0x23:
      return read_skip(reader, 2);
    case 0x02: case 0x11: case 0x18: case 0x27:
      return read_skip(reader, 4);
    case 0x0B:
      read_variable_byte_integer(reader);
      return;
    case 0x26:
      read_text(reader);
      read_text(reader);
      return;
    case 0x03: case 0x08: case 0x09: case 0x12: case 0x15:
    case 0x16: case 0x1A: case 0x1C: case 0x1F:
      read_text(reader);
      return;
    default:
      reader->failed = true;
  }
}

uint16_t read_properties(struct reader *reader, int wanted, uint16_t otherwise) {
  size_t length = read_variable_byte_integer(reader);
  struct reader properties = {reader->at, reader->at, false};
  read_skip(reader, length);
  properties.end = reader->at;
  uint16_t value = otherwise;
  while (!reader->failed && read_left(&properties) > 0) {
    int identifier = read_byte(&properties);
    if (identifier == wanted) value = read_two_bytes(&properties);
    else skip_property(&properties, identifier);
    if (properties.failed) reader->failed = true;
  }
  return value;
}
