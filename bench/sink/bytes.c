#include "bytes.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

static const size_t CAPACITY_MIN = 1 << 16;

size_t bytes_length(const struct bytes *bytes) {
  return bytes->end - bytes->start;
}

uint8_t *bytes_reserve(struct bytes *bytes, size_t size) {
  if (bytes->capacity - bytes->end >= size) return bytes->data + bytes->end;
  size_t length = bytes_length(bytes);
  if (bytes->start > 0) memmove(bytes->data, bytes->data + bytes->start, length);
  bytes->start = 0;
  bytes->end = length;
  size_t capacity = bytes->capacity > 0 ? bytes->capacity : CAPACITY_MIN;
  while (capacity - length < size) capacity *= 2;
  if (capacity > bytes->capacity) {
    bytes->data = realloc(bytes->data, capacity);
    if (bytes->data == NULL) {
      perror("sink");
      exit(1);
    }
    bytes->capacity = capacity;
  }
  return bytes->data + length;
}

void bytes_grow(struct bytes *bytes, size_t size) {
  bytes->end += size;
}

void bytes_append(struct bytes *bytes, const void *data, size_t size) {
  memcpy(bytes_reserve(bytes, size), data, size);
  bytes_grow(bytes, size);
}

void bytes_consume(struct bytes *bytes, size_t size) {
  bytes->start += size;
  if (bytes->start == bytes->end) bytes->start = bytes->end = 0;
}

void bytes_free(struct bytes *bytes) {
  free(bytes->data);
  *bytes = (struct bytes){0};
}
