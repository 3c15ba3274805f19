// Any bytes of a server into a Session with all kinds of work under way: what it says stays valid, and each
// request is settled once.

import { assert, assertEquals } from "@std/assert";
import type { ProtocolVersion } from "../../src/codec/packet.ts";
import { ProtocolError } from "../../src/errors.ts";
import type { Session } from "../../src/session/session.ts";
import {
  connack,
  connectPacket,
  FILTER,
  message,
  newSession,
  NOW,
} from "../session/session.ts";
import { isValid } from "./codec_target.ts";
import type { Input } from "./input.ts";

/** What is asked of a session: each is settled by one event. */
const REQUESTS = ["one", "two", "three", "subscribe", "unsubscribe"] as const;

/** Feeds one input. Throws where a rule is broken. */
export function feedSession({ version, phase, pieces }: Input): void {
  const given = { protocolVersion: version, keepAlive: 10 };
  const connect = {
    ...connectPacket(given),
    ...(version === 5
      ? { properties: { receiveMaximum: 10, topicAliasMaximum: 3 } }
      : {}),
  };
  const session = newSession(given);
  const settled = new Map<string, number>();
  const seen: Seen = { version, settled };
  session.open(NOW, connect);
  ask(session);
  look(session, seen);
  if (phase === "connected") {
    session.receive(connack(given), NOW);
    look(session, seen);
  }
  for (const piece of pieces) {
    session.receive(piece.slice(), NOW);
    look(session, seen);
  }
  session.wake(NOW + 10_000);
  look(session, seen);
  session.lost();
  session.open(NOW, connect);
  session.receive(connack({ ...given, sessionPresent: true }), NOW);
  look(session, seen);
  session.lost();
  session.abandon();
  look(session, seen);
  for (const request of REQUESTS) {
    assertEquals(settled.get(request), 1, `${request} was not settled once`);
  }
  assertEquals(session.inFlight + session.queued + session.unanswered, 0);
}

/** What was seen of a session. */
interface Seen {
  /** What it speaks: a server that answers in the form of MQTT 3.1.1 speaks that. */
  version: ProtocolVersion;
  /** How often each request was settled. */
  readonly settled: Map<string, number>;
}

function ask(session: Session<string>): void {
  session.publish(message("a", "1", { qos: 1 }), "one");
  session.publish(message("a", "2", { qos: 2 }), "two");
  session.publish(message("a", "3", { qos: 2 }), "three");
  session.subscribe({ subscriptions: [FILTER], properties: {} }, "subscribe");
  session.unsubscribe(
    { topicFilters: ["f"], properties: {} },
    "unsubscribe",
  );
}

/** Empties all doors, as a driver does; every other message is acknowledged, one of three refused. */
function look(session: Session<string>, seen: Seen): void {
  for (const event of session.takeEvents()) {
    if (event.type === "connected") {
      seen.version = event.packet.protocolVersion;
    } else if (event.type === "failed") {
      assert(
        event.error.name === "KeepAliveError" ||
          event.error instanceof ProtocolError,
      );
    } else if ("request" in event) {
      const { settled } = seen;
      settled.set(event.request, (settled.get(event.request) ?? 0) + 1);
    } else if (event.type === "delivery" && event.packet.packetId % 2 > 0) {
      const refuses = seen.version === 5 && event.packet.packetId % 3 === 0;
      session.acknowledge(event, refuses ? 0x83 : 0);
    }
  }
  const bytes = session.takeBytes();
  if (bytes !== undefined) {
    const { version } = seen;
    assert(isValid(bytes, { version, from: "client" }), "Half a packet");
  }
  session.written(NOW, "all");
}
