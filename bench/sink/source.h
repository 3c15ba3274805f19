// What a client is sent that subscribes to "source/COUNT/SIZE/QOS/WINDOW": COUNT messages of SIZE bytes,
// at most WINDOW of them unacknowledged. One packet is made, once; the others are copies of it. A
// connection has one source.
#ifndef SOURCE_H
#define SOURCE_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "bytes.h"
#include "reader.h"

struct source {
  uint64_t count;
  uint64_t window;
  int qos;

  uint64_t sent;
  uint64_t acknowledged;

  // As many copies of the packet as are sent in one go.
  uint8_t *block;
  size_t block_packets;
  size_t packet_size;
  size_t packet_id_offset;
  uint16_t packet_id;

  // What has left of the block under way, and how much of it is to leave; 0 where none is.
  size_t block_position;
  size_t block_end;
};

// Whether a Topic Filter asks for a source.
bool source_is_asked(struct text topic_filter);

// Begins. The client's Receive Maximum is honoured whatever window the filter asks for [MQTT-3.3.4-9].
bool source_begin(
  struct source *source, struct text topic_filter, int protocol_version,
  uint16_t receive_maximum
);

// QoS 1 and 2: appends what the window allows.
void source_fill(struct source *source, struct bytes *out);

// Whether source_fill() would append something.
bool source_can_fill(const struct source *source);

// QoS 0: sends whole blocks until the wire takes no more. False where the wire has failed.
bool source_send_blocks(struct source *source, int fd);

// QoS 0: sends what is left of the block under way. False where the wire has failed.
bool source_finish_block(struct source *source, int fd);

// QoS 0: whether a block has left in part.
bool source_in_block(const struct source *source);

// QoS 0: whether there is more to send.
bool source_wants_writing(const struct source *source);

void source_free(struct source *source);

#endif
