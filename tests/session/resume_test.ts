// Messages on their way out, cut by a loss at every point of their handshake, and what becomes of
// them on the next connection: with the session that the server has kept, and without.

import { assertEquals } from "@std/assert";
import type { ProtocolVersion, QoS } from "../../src/codec/packet.ts";
import {
  bytes,
  connectedSession,
  connectPacket,
  message,
  newSession,
  NOW,
  packets,
  reconnect,
  told,
  VERSION_NAMES,
  VERSIONS,
  written,
} from "./session.ts";

/** The handshakes: what is done in turn. "take" is a write, the rest comes from the server. */
const HANDSHAKES: Readonly<Record<1 | 2, readonly string[]>> = {
  1: ["publish", "take", "puback"],
  2: ["publish", "take", "pubrec", "take", "pubcomp"],
};

const FROM_SERVER: Readonly<Record<string, string>> = {
  puback: "40 02 00 01",
  pubrec: "50 02 00 01",
  pubcomp: "70 02 00 01",
};

/** A session on which the first `count` steps of a handshake of QoS 1 or 2 have been done. */
function sessionAfter(
  protocolVersion: ProtocolVersion,
  qos: 1 | 2,
  count: number,
) {
  const session = connectedSession({ protocolVersion });
  for (const step of HANDSHAKES[qos].slice(0, count)) {
    if (step === "publish") {
      session.publish(message("a", "1", { qos }), "one");
    } else if (step === "take") session.takeBytes();
    else session.receive(bytes(FROM_SERVER[step] ?? ""), NOW);
  }
  return session;
}

/** The bytes of the PUBLISH. */
function publish(
  protocolVersion: ProtocolVersion,
  options: { qos: QoS; dup: boolean; packetId: number },
): string {
  const topicName = "a";
  const given = { topicName, payload: "1", retain: false, properties: {} };
  const sent = packets(protocolVersion, {
    type: "publish",
    ...given,
    ...options,
  });
  return Array.from(sent, (byte) => byte.toString(16).padStart(2, "0"))
    .join(" ");
}

for (const protocolVersion of VERSIONS) {
  const name = VERSION_NAMES[protocolVersion];
  for (const qos of [1, 2] as const) {
    const steps = HANDSHAKES[qos];
    for (let count = 1; count <= steps.length; count++) {
      const done = steps.slice(0, count);
      const after = `after ${done.join(", ")}`;
      const isReleased = done.includes("pubrec");
      const isOver = count === steps.length;

      Deno.test(`Session goes on at QoS ${qos} by ${name} where the connection was lost ${after}, and the server has kept the session`, () => {
        const session = sessionAfter(protocolVersion, qos, count);
        reconnect(session, "kept", { protocolVersion });
        const expected = isOver ? "" : isReleased
          ? "62 02 00 01" // PUBREL
          : publish(protocolVersion, { qos, dup: true, packetId: 1 });
        assertEquals(written(session), expected);
        assertEquals(session.inFlight, isOver ? 0 : 1);
        // The rest of the handshake ends it.
        if (!isOver && !isReleased) {
          session.receive(
            bytes(qos === 1 ? "40 02 00 01" : "50 02 00 01"),
            NOW,
          );
          assertEquals(written(session), qos === 1 ? "" : "62 02 00 01");
        }
        if (!isOver && qos === 2) session.receive(bytes("70 02 00 01"), NOW);
        assertEquals(
          told(session).filter((line) => line !== "connected"),
          ["published one 00"],
        );
        assertEquals([session.inFlight, session.queued], [0, 0]);
      });

      Deno.test(`Session goes on at QoS ${qos} by ${name} where the connection was lost ${after}, and the server has lost the session`, () => {
        const session = sessionAfter(protocolVersion, qos, count);
        reconnect(session, "lost", { protocolVersion });
        const outcome = told(session).filter((line) => line !== "connected");
        if (isOver) assertEquals(outcome, ["published one 00"]);
        else if (qos === 2) assertEquals(outcome, ["abandoned one unknown"]);
        else {
          // Anew: DUP 0, and an identifier that was not used for it.
          assertEquals(outcome, []);
          assertEquals(
            written(session),
            publish(protocolVersion, { qos, dup: false, packetId: 2 }),
          );
          session.receive(bytes("40 02 00 02"), NOW);
          assertEquals(told(session), ["published one 00"]);
        }
        assertEquals([written(session), session.inFlight], ["", 0]);
      });

      Deno.test(`Session goes on at QoS ${qos} by ${name} where the connection was lost twice ${after}, the second time before CONNACK`, () => {
        const session = sessionAfter(protocolVersion, qos, count);
        session.lost();
        session.open(NOW, connectPacket({ protocolVersion }));
        session.takeBytes(); // CONNECT
        assertEquals(written(session), "");
        reconnect(session, "kept", { protocolVersion });
        const expected = isOver
          ? ""
          : isReleased
          ? "62 02 00 01"
          : publish(protocolVersion, { qos, dup: true, packetId: 1 });
        assertEquals(written(session), expected);
      });

      Deno.test(`abandon() settles QoS ${qos} by ${name} once where the connection was lost ${after}`, () => {
        const session = sessionAfter(protocolVersion, qos, count);
        const before = told(session);
        session.lost();
        session.abandon();
        const settled = isOver ? "published one 00" : "abandoned one unknown";
        assertEquals([...before, ...told(session)], [settled]);
        session.abandon();
        assertEquals([told(session), session.inFlight], [[], 0]);
      });
    }
  }

  Deno.test(`Session sends again in the original order by ${name}: PUBRELs as PUBRECs came, PUBLISHes as they left`, () => {
    const session = connectedSession({ protocolVersion });
    for (let i = 1; i <= 6; i++) {
      session.publish(
        message("a", `${i}`, { qos: i === 2 || i === 5 ? 1 : 2 }),
        `${i}`,
      );
    }
    session.receive(bytes("50 02 00 04 50 02 00 01"), NOW);
    session.takeBytes();
    reconnect(session, "kept", { protocolVersion });
    const none = protocolVersion === 5 ? "00 " : "";
    const length = protocolVersion === 5 ? "07" : "06";
    const again = (first: string, id: number) =>
      `${first} ${length} 00 01 61 00 0${id} ${none}3${id}`;
    assertEquals(
      written(session),
      [
        "62 02 00 04",
        "62 02 00 01",
        again("3a", 2),
        again("3c", 3),
        again("3a", 5),
        again("3c", 6),
      ].join(" "),
    );
  });
}

Deno.test("Session sends what was queued behind what is sent again", () => {
  const session = connectedSession({ connack: { receiveMaximum: 1 } });
  for (const request of ["1", "2", "3"]) {
    session.publish(message("a", request, { qos: 1 }), request);
  }
  reconnect(session, "kept");
  session.publish(message("a", "4", { qos: 1 }), "4");
  assertEquals(
    written(session),
    "3a 07 00 01 61 00 01 00 31 " +
      "32 07 00 01 61 00 02 00 32 32 07 00 01 61 00 03 00 33 32 07 00 01 61 00 04 00 34",
  );
});

Deno.test("Session sends QoS 1 anew before what was queued, and in the original order", () => {
  const session = connectedSession({ connack: { receiveMaximum: 3 } });
  for (const request of ["1", "2", "3", "4", "5"]) {
    const qos = request === "2" ? 2 : 1;
    session.publish(message("a", request, { qos }), request);
  }
  reconnect(session, "lost");
  assertEquals(told(session), ["connected", "abandoned 2 unknown"]);
  assertEquals(
    written(session),
    "32 07 00 01 61 00 04 00 31 32 07 00 01 61 00 05 00 33 " +
      "32 07 00 01 61 00 06 00 34 32 07 00 01 61 00 07 00 35",
  );
});

Deno.test("Session keeps the order of what is sent anew over several lost sessions and windows", () => {
  const session = connectedSession();
  for (let i = 1; i <= 5; i++) {
    session.publish(message("a", `${i}`, { qos: 1 }), `${i}`);
  }
  for (const receiveMaximum of [2, 4, 1]) {
    reconnect(session, "lost", { connack: { receiveMaximum } });
    session.takeBytes();
  }
  assertEquals([session.inFlight, session.queued], [1, 4]);
  reconnect(session, "kept");
  assertEquals(
    written(session),
    "3a 07 00 01 61 00 0c 00 31 " +
      "32 07 00 01 61 00 0d 00 32 32 07 00 01 61 00 0e 00 33 " +
      "32 07 00 01 61 00 0f 00 34 32 07 00 01 61 00 10 00 35",
  );
});

Deno.test("Session tells abandoned messages in their order: released ones, then published ones", () => {
  const session = connectedSession();
  for (let i = 1; i <= 4; i++) {
    session.publish(message("a", "", { qos: 2 }), `${i}`);
  }
  session.receive(bytes("50 02 00 03"), NOW);
  reconnect(session, "lost");
  assertEquals(told(session), [
    "connected",
    "abandoned 3 unknown",
    "abandoned 1 unknown",
    "abandoned 2 unknown",
    "abandoned 4 unknown",
  ]);
});

Deno.test("Session drops what was not written when the connection was lost", () => {
  const session = newSession();
  session.publish(message("a", "1", { qos: 1 }), "one");
  reconnect(session, "lost");
  session.publish(message("a", "2"), "");
  session.lost();
  assertEquals([written(session), session.outgoingSize], ["", 0]);
});

Deno.test("Session sends a string and bytes again as they were", () => {
  const session = connectedSession();
  const large = new Uint8Array(5_000).fill(7);
  session.publish(message("a", "\u{1F99F}", { qos: 1 }), "text");
  session.publish(message("a", bytes("01 02"), { qos: 2 }), "bytes");
  session.publish(message("a", large, { qos: 1 }), "many bytes");
  session.takeBytes();
  for (let round = 0; round < 3; round++) {
    reconnect(session, "kept");
    assertEquals(
      written(session),
      "3a 0a 00 01 61 00 01 00 f0 9f a6 9f " +
        "3c 08 00 01 61 00 02 00 01 02 " +
        `3a 8e 27 00 01 61 00 03 00${" 07".repeat(5_000)}`,
    );
  }
});

Deno.test("Session sends bytes again as they were, wherever their copies lie", () => {
  const session = connectedSession();
  // Together one byte more than the 64 KiB that copies are put into.
  const sizes = [...new Array(1_365).fill(48), 17];
  for (const [index, size] of sizes.entries()) {
    const payload = new Uint8Array(size).fill(index);
    session.publish(message("a", payload, { qos: 1 }), "");
  }
  const sent = session.takeBytes()?.slice() ?? new Uint8Array(0);
  reconnect(session, "kept");
  const again = session.takeBytes()?.slice() ?? new Uint8Array(0);
  for (let at = 0; at < sent.length; at += 2 + (sent[at + 1] ?? 0)) {
    sent[at] = (sent[at] ?? 0) | 0x08; // DUP
  }
  assertEquals(again, sent);
});

Deno.test("Session sends again in the original order where the identifiers have begun anew meanwhile", () => {
  const session = connectedSession();
  for (let packetId = 1; packetId <= 65_533; packetId++) {
    session.publish(message("t", "", { qos: 1 }), "");
  }
  const acknowledged = new Uint8Array(4 * 65_533);
  for (let packetId = 1; packetId <= 65_533; packetId++) {
    acknowledged.set([0x40, 2, packetId >> 8, packetId], 4 * (packetId - 1));
  }
  session.receive(acknowledged, NOW);
  session.takeBytes();
  for (const payload of ["1", "2", "3", "4"]) {
    session.publish(message("t", payload, { qos: 2 }), payload);
  }
  session.receive(bytes("50 02 00 01 50 02 ff ff"), NOW);
  session.takeBytes();
  reconnect(session, "kept");
  assertEquals(
    written(session),
    "62 02 00 01 62 02 ff ff " +
      "3c 07 00 01 74 ff fe 00 31 3c 07 00 01 74 00 02 00 34",
  );
});

Deno.test("Session sends again once what waited for its turn when the connection was lost again", () => {
  const session = connectedSession();
  for (const payload of ["1", "2"]) {
    session.publish(message("a", payload, { qos: 1 }), payload);
  }
  session.takeBytes();
  reconnect(session, "kept", { connack: { receiveMaximum: 1 } });
  session.takeBytes();
  reconnect(session, "kept");
  assertEquals(
    written(session),
    "3a 07 00 01 61 00 01 00 31 3a 07 00 01 61 00 02 00 32",
  );
});
