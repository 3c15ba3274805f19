// Bytes that wait: appended at the end, consumed from the start.
#ifndef BYTES_H
#define BYTES_H

#include <stddef.h>
#include <stdint.h>

struct bytes {
  uint8_t *data;
  size_t start;
  size_t end;
  size_t capacity;
};

// How many bytes wait.
size_t bytes_length(const struct bytes *bytes);

// Makes room for `size` bytes behind the end, and gives it. What is written there counts after bytes_grow().
uint8_t *bytes_reserve(struct bytes *bytes, size_t size);

void bytes_grow(struct bytes *bytes, size_t size);

void bytes_append(struct bytes *bytes, const void *data, size_t size);

void bytes_consume(struct bytes *bytes, size_t size);

void bytes_free(struct bytes *bytes);

#endif
