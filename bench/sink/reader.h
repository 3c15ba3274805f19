// Reads the fields of one packet. Behind its end there are only zeros, and `failed` is set.
#ifndef READER_H
#define READER_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

struct reader {
  const uint8_t *at;
  const uint8_t *end;
  bool failed;
};

// A UTF-8 Encoded String or Binary Data (1.5.4, 1.5.6): a view, without a zero at its end.
struct text {
  const uint8_t *data;
  size_t length;
};

size_t read_left(const struct reader *reader);
uint8_t read_byte(struct reader *reader);
uint16_t read_two_bytes(struct reader *reader);
uint32_t read_variable_byte_integer(struct reader *reader);
struct text read_text(struct reader *reader);
void read_skip(struct reader *reader, size_t size);

// The properties that the benchmarks need (2.2.2.2); the others are skipped.
enum { TOPIC_ALIAS = 0x23, RECEIVE_MAXIMUM = 0x21 };

// Reads a list of properties; gives the value of the Two Byte Integer property `wanted`, or `otherwise`.
uint16_t read_properties(struct reader *reader, int wanted, uint16_t otherwise);

#endif
