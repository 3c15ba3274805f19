#include "protocol.h"

#include <ctype.h>
#include <stdlib.h>
#include <string.h>

#include "writer.h"

enum {
  CONNECT = 1, PUBLISH = 3, PUBACK = 4, PUBREC = 5, PUBREL = 6, PUBCOMP = 7,
  SUBSCRIBE = 8, UNSUBSCRIBE = 10, PINGREQ = 12,
};

// Where a message goes that is to come back.
static const char ECHO[] = "echo/";

static bool is_echo(struct text topic) {
  size_t length = sizeof ECHO - 1;
  return topic.length > length && memcmp(topic.data, ECHO, length) == 0;
}

// The report is JSON: what would need an escape there is replaced.
static void keep_client_id(struct connection *connection, struct text client_id) {
  size_t length = client_id.length;
  if (length >= sizeof connection->client_id) {
    length = sizeof connection->client_id - 1;
  }
  for (size_t i = 0; i < length; i++) {
    int byte = client_id.data[i];
    bool plain = isalnum(byte) || byte == '-' || byte == '_' || byte == '.';
    connection->client_id[i] = plain ? (char)byte : '?';
  }
  connection->client_id[length] = 0;
}

static void take_connect(struct connection *connection, struct reader *reader) {
  read_text(reader); // Protocol Name
  connection->protocol_version = read_byte(reader);
  read_byte(reader); // Connect Flags
  read_two_bytes(reader); // Keep Alive
  connection->receive_maximum = connection->protocol_version == 5
    ? read_properties(reader, RECEIVE_MAXIMUM, UINT16_MAX)
    : UINT16_MAX;
  keep_client_id(connection, read_text(reader));

  struct bytes *out = &connection->out;
  if (connection->protocol_version < 5) {
    return bytes_append(out, "\x20\x02\x00\x00", 4);
  }
  const uint8_t connack[] = {
    0x20, 6, 0, 0, 3, 0x22, 0, TOPIC_ALIAS_MAXIMUM,
  };
  bytes_append(out, connack, sizeof connack);
}

static void write_acknowledgement(struct bytes *out, int header, int packet_id) {
  const uint8_t packet[] = {
    (uint8_t)header, 2, (uint8_t)(packet_id >> 8), (uint8_t)packet_id,
  };
  bytes_append(out, packet, sizeof packet);
}

// Under MQTT 5 an alias may stand for the Topic Name, once both have come together (3.3.2.3.4).
static bool resolve_alias(
  struct connection *connection, int alias, struct text *topic_name
) {
  if (alias < 1 || alias > TOPIC_ALIAS_MAXIMUM) return false;
  struct text *known = &connection->aliases[alias];
  if (topic_name->length == 0) {
    *topic_name = *known;
    return known->length > 0;
  }
  free((void *)known->data);
  uint8_t *copy = malloc(topic_name->length);
  if (copy == NULL) return false;
  memcpy(copy, topic_name->data, topic_name->length);
  *known = (struct text){copy, topic_name->length};
  return true;
}

static void echo(
  struct connection *connection, struct text topic_name,
  const struct reader *payload
) {
  struct bytes *out = &connection->out;
  size_t properties_size = connection->protocol_version == 5 ? 1 : 0;
  size_t size = read_left(payload);
  write_header(out, 0x30, 2 + topic_name.length + properties_size + size);
  write_text(out, topic_name);
  if (properties_size > 0) write_byte(out, 0);
  bytes_append(out, payload->at, size);
}

static bool take_publish(
  struct connection *connection, int header, struct reader *reader
) {
  int qos = header >> 1 & 3;
  struct text topic_name = read_text(reader);
  int packet_id = qos > 0 ? read_two_bytes(reader) : 0;
  if (connection->protocol_version == 5) {
    int alias = read_properties(reader, TOPIC_ALIAS, 0);
    if (alias > 0 && !resolve_alias(connection, alias, &topic_name)) return false;
  }
  if (reader->failed || qos > 2 || topic_name.length == 0) return false;
  connection->published[qos]++;
  connection->published_bytes += read_left(reader);
  if (connection->echoes && is_echo(topic_name)) {
    echo(connection, topic_name, reader);
  }
  if (qos > 0) {
    int answer = qos == 1 ? PUBACK : PUBREC;
    write_acknowledgement(&connection->out, answer << 4, packet_id);
  }
  return true;
}

static void take_pubrec(struct connection *connection, struct reader *reader) {
  int packet_id = read_two_bytes(reader);
  // A PUBREC that refuses ends the handshake (4.3.3).
  if (read_left(reader) > 0 && read_byte(reader) >= 0x80) {
    connection->source.acknowledged++;
    return;
  }
  write_acknowledgement(&connection->out, PUBREL << 4 | 2, packet_id);
}

static void take_pubrel(struct connection *connection, struct reader *reader) {
  connection->released++;
  write_acknowledgement(
    &connection->out, PUBCOMP << 4, read_two_bytes(reader)
  );
}

// SUBACK and UNSUBACK: an answer for each filter.
static void write_answers(
  struct connection *connection, int header, int packet_id,
  const struct bytes *answers
) {
  struct bytes *out = &connection->out;
  size_t properties_size = connection->protocol_version == 5 ? 1 : 0;
  write_header(out, header, 2 + properties_size + bytes_length(answers));
  write_two_bytes(out, packet_id);
  if (properties_size > 0) write_byte(out, 0);
  bytes_append(out, answers->data, bytes_length(answers));
}

static bool take_subscribe(
  struct connection *connection, struct reader *reader
) {
  int packet_id = read_two_bytes(reader);
  if (connection->protocol_version == 5) read_properties(reader, -1, 0);
  struct bytes answers = {0};
  bool accepted = true;
  while (accepted && read_left(reader) > 0) {
    struct text topic_filter = read_text(reader);
    write_byte(&answers, read_byte(reader) & 3);
    if (is_echo(topic_filter)) connection->echoes = true;
    if (!source_is_asked(topic_filter)) continue;
    accepted = source_begin(
      &connection->source, topic_filter, connection->protocol_version,
      connection->receive_maximum
    );
  }
  write_answers(connection, 0x90, packet_id, &answers);
  bytes_free(&answers);
  return accepted;
}

static void take_unsubscribe(
  struct connection *connection, struct reader *reader
) {
  int packet_id = read_two_bytes(reader);
  if (connection->protocol_version == 5) read_properties(reader, -1, 0);
  struct bytes answers = {0};
  while (read_left(reader) > 0) {
    read_text(reader);
    // Under MQTT 3.1.1 UNSUBACK has none.
    if (connection->protocol_version == 5) write_byte(&answers, 0);
  }
  write_answers(connection, 0xB0, packet_id, &answers);
  bytes_free(&answers);
}

static bool take(
  struct connection *connection, int header, struct reader *reader
) {
  switch (header >> 4) {
    case CONNECT:
      take_connect(connection, reader);
      return true;
    case PUBLISH:
      return take_publish(connection, header, reader);
    case PUBACK:
    case PUBCOMP:
      connection->source.acknowledged++;
      return true;
    case PUBREC:
      take_pubrec(connection, reader);
      return true;
    case PUBREL:
      take_pubrel(connection, reader);
      return true;
    case SUBSCRIBE:
      return take_subscribe(connection, reader);
    case UNSUBSCRIBE:
      take_unsubscribe(connection, reader);
      return true;
    case PINGREQ:
      bytes_append(&connection->out, "\xD0\x00", 2);
      return true;
    default: // DISCONNECT, and what a client must not send.
      return false;
  }
}

bool protocol_take(
  struct connection *connection, const uint8_t *packet, size_t size
) {
  struct reader reader = {packet + 1, packet + size, false};
  read_variable_byte_integer(&reader); // Remaining Length
  return take(connection, packet[0], &reader) && !reader.failed;
}
