#include "connection.h"

#include <errno.h>
#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/socket.h>
#include <unistd.h>

#include "protocol.h"

// A read takes up to this much.
static const size_t READ_SIZE = 1 << 20;

// The largest packet that is taken.
static const size_t PACKET_SIZE_MAX = 1 << 24;

// Above this many bytes of answers that are not read, reading stops.
static const size_t OUT_HIGH = 1 << 20;

struct connection *connection_open(int fd) {
  struct connection *connection = calloc(1, sizeof *connection);
  if (connection != NULL) connection->fd = fd;
  return connection;
}

static void report(const struct connection *connection) {
  const struct source *source = &connection->source;
  printf(
    "{\"clientId\":\"%s\",\"protocolVersion\":%d,"
    "\"published\":[%" PRIu64 ",%" PRIu64 ",%" PRIu64 "],"
    "\"publishedBytes\":%" PRIu64 ",\"released\":%" PRIu64 ","
    "\"sent\":%" PRIu64 ",\"acknowledged\":%" PRIu64 "}\n",
    connection->client_id, connection->protocol_version,
    connection->published[0], connection->published[1],
    connection->published[2], connection->published_bytes,
    connection->released, source->sent, source->acknowledged
  );
  fflush(stdout);
}

void connection_close(struct connection *connection) {
  report(connection);
  close(connection->fd);
  bytes_free(&connection->in);
  bytes_free(&connection->out);
  for (int alias = 1; alias <= TOPIC_ALIAS_MAXIMUM; alias++) {
    free((void *)connection->aliases[alias].data);
  }
  source_free(&connection->source);
  free(connection);
}

// The size of the packet that begins `in`: 0 while its header is not all there, -1 where it cannot be.
static ssize_t packet_size(const struct bytes *in) {
  const uint8_t *data = in->data + in->start;
  size_t length = 0;
  for (size_t index = 1; index < bytes_length(in); index++) {
    if (index > 4) return -1;
    length |= (size_t)(data[index] & 0x7F) << (7 * (index - 1));
    if (data[index] < 0x80) {
      size_t size = index + 1 + length;
      return size > PACKET_SIZE_MAX ? -1 : (ssize_t)size;
    }
  }
  return 0;
}

static bool take_packets(struct connection *connection) {
  struct bytes *in = &connection->in;
  for (;;) {
    ssize_t size = packet_size(in);
    if (size < 0) return false;
    if (size == 0 || (size_t)size > bytes_length(in)) return true;
    const uint8_t *packet = in->data + in->start;
    if (!protocol_take(connection, packet, (size_t)size)) return false;
    bytes_consume(in, (size_t)size);
  }
}

static bool receive(struct connection *connection) {
  struct bytes *in = &connection->in;
  uint8_t *room = bytes_reserve(in, READ_SIZE);
  ssize_t count = recv(connection->fd, room, READ_SIZE, 0);
  if (count < 0) return errno == EAGAIN;
  if (count == 0) return false;
  bytes_grow(in, (size_t)count);
  return take_packets(connection);
}

static bool flush(struct connection *connection) {
  struct bytes *out = &connection->out;
  while (bytes_length(out) > 0) {
    const uint8_t *data = out->data + out->start;
    ssize_t count = send(connection->fd, data, bytes_length(out), MSG_NOSIGNAL);
    if (count < 0) return errno == EAGAIN;
    bytes_consume(out, (size_t)count);
  }
  return true;
}

bool connection_turn(struct connection *connection, bool readable) {
  struct source *source = &connection->source;
  if (readable && !receive(connection)) {
    flush(connection);
    return false;
  }
  // An answer must not land inside a packet: a block that has begun leaves first.
  if (!source_finish_block(source, connection->fd)) return false;
  if (source_in_block(source)) return true;
  do {
    source_fill(source, &connection->out);
    if (!flush(connection)) return false;
  } while (bytes_length(&connection->out) == 0 && source_can_fill(source));
  if (bytes_length(&connection->out) > 0) return true;
  return source_send_blocks(source, connection->fd);
}

bool connection_wants_reading(const struct connection *connection) {
  return bytes_length(&connection->out) < OUT_HIGH;
}

bool connection_wants_writing(const struct connection *connection) {
  return bytes_length(&connection->out) > 0 ||
    source_wants_writing(&connection->source);
}
