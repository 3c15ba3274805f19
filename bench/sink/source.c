#include "source.h"

#include <errno.h>
#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>

#include "writer.h"

static const char PREFIX[] = "source/";

// A block has about this many bytes, or one packet.
static const size_t BLOCK_SIZE = 1 << 18;

// The largest payload that is made.
static const uint64_t PAYLOAD_MAX = 1 << 24;

bool source_is_asked(struct text topic_filter) {
  size_t length = sizeof PREFIX - 1;
  return topic_filter.length > length &&
    memcmp(topic_filter.data, PREFIX, length) == 0;
}

// Writes the PUBLISH that all are copies of; gives where its Packet Identifier stands.
static size_t write_packet(
  struct bytes *out, const struct source *source, struct text topic_name,
  size_t payload_size, int protocol_version
) {
  size_t packet_id_size = source->qos > 0 ? 2 : 0;
  size_t properties_size = protocol_version == 5 ? 1 : 0;
  write_header(
    out, 0x30 | source->qos << 1,
    2 + topic_name.length + packet_id_size + properties_size + payload_size
  );
  write_text(out, topic_name);
  size_t packet_id_offset = bytes_length(out);
  if (packet_id_size > 0) write_two_bytes(out, 0);
  if (properties_size > 0) write_byte(out, 0);
  memset(bytes_reserve(out, payload_size), 'x', payload_size);
  bytes_grow(out, payload_size);
  return packet_id_offset;
}

static bool make_block(
  struct source *source, struct text topic_name, size_t payload_size,
  int protocol_version
) {
  struct bytes packet = {0};
  source->packet_id_offset = write_packet(
    &packet, source, topic_name, payload_size, protocol_version
  );
  source->packet_size = bytes_length(&packet);
  source->block_packets = source->qos == 0 ? BLOCK_SIZE / source->packet_size : 1;
  if (source->block_packets == 0) source->block_packets = 1;
  source->block = malloc(source->block_packets * source->packet_size);
  for (size_t i = 0; source->block != NULL && i < source->block_packets; i++) {
    memcpy(
      source->block + i * source->packet_size, packet.data, source->packet_size
    );
  }
  bytes_free(&packet);
  return source->block != NULL;
}

bool source_begin(
  struct source *source, struct text topic_filter, int protocol_version,
  uint16_t receive_maximum
) {
  char filter[128];
  bool begun = source->block != NULL;
  if (begun || topic_filter.length >= sizeof filter) return false;
  memcpy(filter, topic_filter.data, topic_filter.length);
  filter[topic_filter.length] = 0;
  uint64_t payload_size;
  int fields = sscanf(
    filter, "source/%" SCNu64 "/%" SCNu64 "/%d/%" SCNu64, &source->count,
    &payload_size, &source->qos, &source->window
  );
  if (fields != 4 || source->qos < 0 || source->qos > 2) return false;
  if (payload_size > PAYLOAD_MAX) return false;
  if (source->window > receive_maximum) source->window = receive_maximum;
  return make_block(source, topic_filter, payload_size, protocol_version);
}

bool source_can_fill(const struct source *source) {
  return source->block != NULL && source->qos > 0 &&
    source->sent < source->count &&
    source->sent - source->acknowledged < source->window;
}

void source_fill(struct source *source, struct bytes *out) {
  while (source_can_fill(source) && bytes_length(out) < BLOCK_SIZE) {
    uint8_t *packet = bytes_reserve(out, source->packet_size);
    memcpy(packet, source->block, source->packet_size);
    if (++source->packet_id == 0) source->packet_id = 1;
    packet[source->packet_id_offset] = (uint8_t)(source->packet_id >> 8);
    packet[source->packet_id_offset + 1] = (uint8_t)source->packet_id;
    bytes_grow(out, source->packet_size);
    source->sent++;
  }
}

bool source_in_block(const struct source *source) {
  return source->block_end > 0;
}

bool source_wants_writing(const struct source *source) {
  return source->block != NULL && source->qos == 0 &&
    (source_in_block(source) || source->sent < source->count);
}

bool source_finish_block(struct source *source, int fd) {
  if (!source_in_block(source)) return true;
  while (source->block_position < source->block_end) {
    ssize_t count = send(
      fd, source->block + source->block_position,
      source->block_end - source->block_position, MSG_NOSIGNAL
    );
    if (count < 0) return errno == EAGAIN;
    source->block_position += (size_t)count;
  }
  source->sent += source->block_end / source->packet_size;
  source->block_position = source->block_end = 0;
  return true;
}

bool source_send_blocks(struct source *source, int fd) {
  while (source_wants_writing(source) && !source_in_block(source)) {
    uint64_t left = source->count - source->sent;
    size_t packets = left < source->block_packets ? left : source->block_packets;
    source->block_end = packets * source->packet_size;
    if (!source_finish_block(source, fd)) return false;
  }
  return true;
}

void source_free(struct source *source) {
  free(source->block);
  *source = (struct source){0};
}
