// Faults that a client, or a broker, might have: each is one replacement of text in one file of src/.

/** One fault. */
export interface Mutant {
  /** What is wrong then. */
  readonly fault: string;
  /** The file below src/. */
  readonly path: string;
  /** The text that stands there once. */
  readonly text: string;
  /** What stands there instead. */
  readonly instead: string;
}

/** The faults that are planted, one at a time. */
export const MUTANTS: readonly Mutant[] = [
  {
    fault: "DUP is not set on redelivery",
    path: "session/outgoing.ts",
    text: "      flight.message.dup = true;\n",
    instead: "",
  },
  {
    fault: "a packet identifier in use is given again",
    path: "session/packet_ids.ts",
    text: "const packetId = this.has(next) ? this.#freeFrom(next) : next;",
    instead: "const packetId = 1 + (next % 4);",
  },
  {
    fault: "the identifier of an aborted publish is free at once",
    path: "session/outgoing.ts",
    text: '    flight.aborted = true;\n    if (flight.state === "queued"',
    instead:
      '    flight.aborted = true;\n    this.#flights.delete(flight);\n    if (flight.state === "queued"',
  },
  {
    fault: "what comes is acknowledged on arrival",
    path: "session/incoming.ts",
    text: "    this.#doors.events.push(delivery);\n",
    instead:
      "    this.#doors.events.push(delivery);\n    this.acknowledge(delivery, 0, NO_PROPERTIES);\n",
  },
  {
    fault: "acknowledgements leave in the order of processing",
    path: "session/incoming.ts",
    text: "      head !== undefined && head.acknowledged;\n",
    instead: "      head !== undefined;\n",
  },
  {
    fault: "a released identifier is forgotten",
    path: "session/outgoing.ts",
    text: "      this.#settlement.released(flight);\n",
    instead:
      "      this.#settlement.released(flight);\n      this.#flights.delete(flight);\n",
  },
  {
    fault: "PUBLISH is sent again after PUBREC",
    path: "session/outgoing.ts",
    text:
      "      flight.holdsQuota = false;\n      this.#sendPubrel(flight.message.packetId, ReasonCode.success);\n",
    instead:
      "      flight.holdsQuota = false;\n      flight.message.dup = true;\n      this.#write(flight.message);\n",
  },
  {
    fault: "PUBREL is not sent again",
    path: "session/outgoing.ts",
    text:
      "      flight.holdsQuota = false;\n      this.#sendPubrel(flight.message.packetId, ReasonCode.success);\n",
    instead: "      flight.holdsQuota = false;\n",
  },
  {
    fault: "PUBREL is sent again in the order of PUBLISH",
    path: "session/flights.ts",
    text: "one.releaseOrder - other.releaseOrder",
    instead: "other.releaseOrder - one.releaseOrder",
  },
  {
    fault: "what was in flight is sent again in the wrong order",
    path: "session/flights.ts",
    text: "one.order - other.order",
    instead: "other.order - one.order",
  },
  {
    fault: "a resent copy of an owned QoS 2 message is delivered",
    path: "session/incoming.ts",
    text:
      "    if (qos === 2 && this.#isOwned(packet)) return this.#ownAgain(packet, now);\n",
    instead: "",
  },
  {
    fault: "a message that waits is delivered again when it is redelivered",
    path: "session/incoming.ts",
    text: "        return this.#rejoin(waiting, now);\n",
    instead: "        return this.#deliver(packet, now);\n",
  },
  {
    fault: "a redelivered message is not acknowledged",
    path: "session/incoming.ts",
    text:
      "    delivery.arrivedAt = now;\n    this.#queue(qos).push(delivery);\n    this.#drain(qos);\n",
    instead: "    delivery.arrivedAt = now;\n",
  },
  {
    fault: "PUBREL of what is not known has no PUBCOMP",
    path: "session/incoming.ts",
    text: "    const isKnown = this.#complete(packetId);\n",
    instead:
      "    const isKnown = this.#complete(packetId);\n    if (!isKnown) return;\n",
  },
  {
    fault: "the Receive Maximum of the server is exceeded",
    path: "session/send_quota.ts",
    text: "this.#rest > 0 &&",
    instead: "this.#rest > -2 &&",
  },
  {
    fault: "PUBCOMP of a resent PUBREL lifts the quota above its start",
    path: "session/send_quota.ts",
    text: "    if (!flight.holdsQuota) return;\n",
    instead: "",
  },
  {
    fault: "the quota does not start anew with a connection",
    path: "session/send_quota.ts",
    text: "    this.#rest = window;\n",
    instead: "    this.#rest += window;\n",
  },
  {
    fault: "Session Present 0 is ignored",
    path: "session/resumption.ts",
    text: "  if (!isResumed || !isOurs) return startAnew(work, whose);\n",
    instead: "",
  },
  {
    fault: "filters are not asked for again where the session was lost",
    path: "session/requests.ts",
    text: "    if (!sessionPresent) this.#subscriptions.lost();\n",
    instead: "",
  },
  {
    fault: "a SUBSCRIBE that a loss left unanswered is not sent again",
    path: "session/requests.ts",
    text: "    for (const wish of this.#wishes) this.#begin(wish);\n",
    instead:
      "    for (const wish of this.#wishes) if (!wish.wasSent) this.#begin(wish);\n",
  },
  {
    fault: "a refusing PUBREC does not end the handshake",
    path: "session/outgoing.ts",
    text: "    if (packet.reasonCode < 0x80) this.#release(flight);\n",
    instead: "    if (packet.reasonCode !== 0x10) this.#release(flight);\n",
  },
  {
    fault: "what waits for its turn is not settled at the end",
    path: "session/outgoing.ts",
    text:
      "    for (const flight of this.#queue.takeAll()) {\n      this.#settlement.abandon(flight);\n    }\n",
    instead: "    this.#queue.takeAll();\n",
  },
  {
    fault: "a larger packet than the server takes is sent",
    path: "session/send_limits.ts",
    text: "  if (size <= limits.packetSizeMax) return;\n",
    instead: "  if (size <= limits.packetSizeMax * 2) return;\n",
  },
  {
    fault: "a dead server is not noticed",
    path: "session/keep_alive.ts",
    text: "return this.isAsked && now >= this.#deadAt;",
    instead: "return false;",
  },
  {
    fault: "a living server is taken for dead",
    path: "session/keep_alive.ts",
    text: "    this.asked(Infinity);\n",
    instead: "",
  },
  {
    fault: "what is left of a partial write is lost",
    path: "client/connection.ts",
    text: "      written += await this.#wire.write(bytes.subarray(written));\n",
    instead: "      written = bytes.length;\n",
  },
  {
    fault: "reading never goes on after it paused",
    path: "client/backlog.ts",
    text: "    this.#options.onEased();\n",
    instead: "",
  },
  {
    fault: "reading pauses before CONNACK",
    path: "client/conversation.ts",
    text: "    if (!this.#opened.settled) return false;\n",
    instead: "",
  },
  {
    fault: "nothing bounds what waits",
    path: "client/backlog.ts",
    text: "return this.#keptBytes >= this.#options.hardBoundBytes;",
    instead: "return false;",
  },
  {
    fault: "a loop acknowledges what it hands out",
    path: "client/loop.ts",
    text: "    if (value !== undefined) {\n      this.#inHand = value;\n",
    instead:
      "    if (value !== undefined) {\n      this.finish(value);\n      this.#inHand = value;\n",
  },
  {
    fault: "a loop that is left loses the message in hand",
    path: "client/loop.ts",
    text: "      if (this.#inHand !== undefined) this.putBack(this.#inHand);\n",
    instead: "",
  },
  {
    fault: "what waits comes in the wrong order to a loop that comes back",
    path: "client/message.ts",
    text: "hold.number(a) - hold.number(b)",
    instead: "hold.number(b) - hold.number(a)",
  },
  {
    fault: "a handler's message is acknowledged before its promise resolves",
    path: "client/handler.ts",
    text: "    if (!isThenable(result)) return consumer.finish(message);\n",
    instead:
      "    consumer.finish(message);\n    if (!isThenable(result)) return;\n",
  },
  {
    fault: "a message with two takers is acknowledged by the first",
    path: "client/router.ts",
    text: "    if (isShared) take(message);\n",
    instead: "",
  },
  {
    fault: "a message behind SUBACK is lost where no loop begins in time",
    path: "client/router.ts",
    text:
      '    consumer.setState("detached");\n    this.#forgetTakers();\n    this.#release(consumer, now);\n',
    instead:
      '    consumer.setState("detached");\n    this.#forgetTakers();\n    consumer.extract(() => true);\n',
  },
  {
    fault: "what waits in the inbox is lost when a loop claims it",
    path: "client/router.ts",
    text: "    consumer.claim(mine);\n",
    instead: "",
  },
  {
    fault: "what a left subscription has is lost",
    path: "client/router.ts",
    text: "    if (!attached) this.#release(consumer, now);\n",
    instead: "",
  },
  {
    fault: "the alarm is not turned off at the end",
    path: "client/link.ts",
    text:
      "    this.#alarm.cancel();\n    // What is not settled by now is settled",
    instead: "    // What is not settled by now is settled",
  },
  {
    fault: "disconnect waits for nothing",
    path: "client/link.ts",
    text:
      "() => isWritten() && this.session.inFlight + this.session.queued === 0,",
    instead: "() => true,",
  },
  {
    fault: "the broker does not set DUP",
    path: "broker/departure.ts",
    text: "    dup,\n",
    instead: "    dup: false,\n",
  },
  {
    fault: "the broker sends QoS 2 again after PUBREC",
    path: "broker/outgoing.ts",
    text: "    this.#published.delete(packetId);\n    this.#released.set",
    instead: "    this.#released.set",
  },
  {
    fault: "the broker takes a resent QoS 2 message twice",
    path: "broker/incoming.ts",
    text: "    if (isInUse && qos === 2) {\n",
    instead: "    if (isInUse && qos < 2) {\n",
  },
  {
    fault: "the broker exceeds the client's Receive Maximum",
    path: "broker/outgoing.ts",
    text: "    if (this.#released.get(packetId)) this.#quota++;\n",
    instead: "    this.#quota++;\n",
  },
  {
    fault: "the broker forgets a kept session",
    path: "broker/sessions.ts",
    text:
      "    if (former !== undefined && cleanStart) this.end(former, now);\n",
    instead: "    if (former !== undefined) this.end(former, now);\n",
  },
];
