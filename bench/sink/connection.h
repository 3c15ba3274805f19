// One client: its bytes, what is known of it, and what was counted.
#ifndef CONNECTION_H
#define CONNECTION_H

#include <stdbool.h>
#include <stdint.h>

#include "bytes.h"
#include "reader.h"
#include "source.h"

// What CONNACK announces; aliases are numbered from 1.
enum { TOPIC_ALIAS_MAXIMUM = 16 };

struct connection {
  int fd;
  struct bytes in;
  struct bytes out;

  char client_id[64];
  int protocol_version;
  uint16_t receive_maximum;
  struct text aliases[TOPIC_ALIAS_MAXIMUM + 1];
  bool echoes;
  struct source source;

  // PUBLISH packets that came, by QoS, and the bytes of their payloads.
  uint64_t published[3];
  uint64_t published_bytes;
  // PUBREL packets that came.
  uint64_t released;
};

struct connection *connection_open(int fd);

// Says in one line of JSON what was counted, and lets go of everything.
void connection_close(struct connection *connection);

// Takes what has come, answers it, and writes as much as the wire takes. False where the connection is to be closed.
bool connection_turn(struct connection *connection, bool readable);

// Whether more can be taken: a client that does not read its answers is not read from.
bool connection_wants_reading(const struct connection *connection);

// Whether something waits for the wire to take it.
bool connection_wants_writing(const struct connection *connection);

#endif
