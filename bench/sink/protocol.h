// What the stand-in does with a packet: as much of a server as clients need to be measured.
#ifndef PROTOCOL_H
#define PROTOCOL_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "connection.h"

// Takes one whole packet; its answer is appended to what waits to be written. False where the connection is to be closed.
bool protocol_take(
  struct connection *connection, const uint8_t *packet, size_t size
);

#endif
