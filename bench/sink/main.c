// sink: a server's stand-in that is never the bottleneck, for measuring clients of MQTT 3.1.1 and 5.
//
//   sink [PORT]     says {"port":N} when it listens on 127.0.0.1, and ends when its standard input does
//
// PUBLISH                                  counted and acknowledged; one write answers a whole read
// PUBLISH to "echo/..."                    comes back at QoS 0, where "echo/..." was subscribed to
// SUBSCRIBE "source/COUNT/SIZE/QOS/WINDOW" sends COUNT messages (source.h)
//
// A line of JSON tells the counts of each connection when it ends. One thread, one epoll, no state kept.

#include <arpa/inet.h>
#include <fcntl.h>
#include <netinet/in.h>
#include <netinet/tcp.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/epoll.h>
#include <sys/socket.h>
#include <unistd.h>

#include "connection.h"

enum { EVENTS_MAX = 64 };

static int fail(const char *what) {
  perror(what);
  return 1;
}

static int listen_on(uint16_t port) {
  int fd = socket(AF_INET, SOCK_STREAM, 0);
  int yes = 1;
  setsockopt(fd, SOL_SOCKET, SO_REUSEADDR, &yes, sizeof yes);
  struct sockaddr_in address = {
    .sin_family = AF_INET,
    .sin_port = htons(port),
    .sin_addr.s_addr = htonl(INADDR_LOOPBACK),
  };
  socklen_t size = sizeof address;
  if (bind(fd, (struct sockaddr *)&address, size) < 0) return -1;
  if (listen(fd, 64) < 0) return -1;
  getsockname(fd, (struct sockaddr *)&address, &size);
  printf("{\"port\":%d}\n", ntohs(address.sin_port));
  fflush(stdout);
  return fd;
}

static void watch(int poll, int operation, int fd, uint32_t events, void *who) {
  struct epoll_event event = {.events = events, .data.ptr = who};
  epoll_ctl(poll, operation, fd, &event);
}

static void take_client(int poll, int listener) {
  int fd = accept(listener, NULL, NULL);
  if (fd < 0) return;
  int yes = 1;
  fcntl(fd, F_SETFL, O_NONBLOCK);
  setsockopt(fd, IPPROTO_TCP, TCP_NODELAY, &yes, sizeof yes);
  struct connection *connection = connection_open(fd);
  if (connection == NULL) close(fd);
  else watch(poll, EPOLL_CTL_ADD, fd, EPOLLIN, connection);
}

static void serve_client(
  int poll, struct connection *connection, uint32_t events
) {
  bool readable = (events & (EPOLLIN | EPOLLHUP | EPOLLERR)) != 0;
  if (!connection_turn(connection, readable)) {
    return connection_close(connection);
  }
  uint32_t wanted = (connection_wants_reading(connection) ? EPOLLIN : 0) |
    (connection_wants_writing(connection) ? EPOLLOUT : 0);
  watch(poll, EPOLL_CTL_MOD, connection->fd, wanted, connection);
}

int main(int argc, char **argv) {
  int listener = listen_on(argc > 1 ? (uint16_t)atoi(argv[1]) : 0);
  if (listener < 0) return fail("sink: cannot listen");
  int poll = epoll_create1(0);
  if (poll < 0) return fail("sink: cannot poll");
  int standard_input = STDIN_FILENO;
  watch(poll, EPOLL_CTL_ADD, listener, EPOLLIN, &listener);
  watch(poll, EPOLL_CTL_ADD, standard_input, EPOLLIN, &standard_input);
  for (;;) {
    struct epoll_event events[EVENTS_MAX];
    int count = epoll_wait(poll, events, EVENTS_MAX, -1);
    for (int i = 0; i < count; i++) {
      void *who = events[i].data.ptr;
      char byte;
      if (who == &listener) take_client(poll, listener);
      else if (who != &standard_input) serve_client(poll, who, events[i].events);
      else if (read(standard_input, &byte, 1) <= 0) return 0;
    }
  }
}
