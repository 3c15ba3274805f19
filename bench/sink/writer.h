// Writes the fields of a packet.
#ifndef WRITER_H
#define WRITER_H

#include <stddef.h>
#include <stdint.h>

#include "bytes.h"
#include "reader.h"

void write_byte(struct bytes *out, int value);
void write_two_bytes(struct bytes *out, int value);
void write_text(struct bytes *out, struct text text);

// The Fixed Header (2.1).
void write_header(struct bytes *out, int type_and_flags, size_t remaining_length);

#endif
