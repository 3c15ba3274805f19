// Nothing of a packet that ends the connection is kept: no record of it goes to the store.

import { assert, assertEquals } from "@std/assert";
import type { Session } from "../../src/session/session.ts";
import type { ProtocolVersion } from "../../src/codec/packet.ts";
import {
  bytes,
  connectedSession,
  deliveries,
  FILTER,
  message,
  NOW,
  publish,
} from "../session/session.ts";
import type { Fault } from "./fault.ts";
import { acknowledgementFaults } from "./faults/acknowledge.ts";
import { flowFaults } from "./faults/flow.ts";
import { publishFaults } from "./faults/publish.ts";
import { subscribeFaults } from "./faults/subscribe.ts";

const faults: readonly Fault[] = [
  ...flowFaults,
  ...publishFaults,
  ...acknowledgementFaults,
  ...subscribeFaults,
];

Deno.test("Session records nothing of what ends the connection, whatever is under way", () => {
  for (const { name, versions, bytes, reasonCode } of faults) {
    for (const version of versions) {
      const session = busySession(version);
      session.receive(bytes, NOW);
      const [event] = session.takeEvents();
      assertEquals(event?.type, "failed", name);
      assertEquals(session.takeRecords(), [], name);
      const last = `e001${reasonCode.toString(16)}`;
      assertEquals(
        session.takeBytes()?.toHex() ?? "",
        version === 5 ? last : "",
      );
    }
  }
});

/** A session with the same work under way as `beginWork` has. */
function busySession(protocolVersion: ProtocolVersion): Session<string> {
  const session = connectedSession({ protocolVersion, recording: true });
  for (const qos of [1, 2, 2] as const) {
    session.publish(message("a", "x", { qos }), "publish");
  }
  const subscriptions = ["b/1", "b/2"].map((topicFilter) => ({
    ...FILTER,
    topicFilter,
  }));
  session.subscribe({ subscriptions, properties: {} }, "b");
  session.unsubscribe({ topicFilters: ["c/1", "c/2"], properties: {} }, "c");
  session.receive(bytes("50 02 00 03"), NOW);
  const messages = [[1, 9], [2, 11], [2, 10]] as const;
  for (const [qos, packetId] of messages) {
    session.receive(publish(protocolVersion, qos, packetId), NOW);
  }
  const [, owned] = deliveries(session);
  if (owned === undefined) throw new Error("it is delivered");
  session.acknowledge(owned);
  session.takeBytes();
  session.takeEvents();
  assert(session.takeRecords().length > 0, "work is recorded");
  return session;
}
