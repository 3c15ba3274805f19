// The Topic Aliases that a Session uses itself: within the server's maximum, and never on another connection.

import { assertEquals, assertThrows } from "@std/assert";
import { connectedSession, message, reconnect, written } from "./session.ts";
import type { Session } from "../../src/session/session.ts";

/** A connection whose server takes so many aliases. */
function session(topicAliasMaximum: number): Session<string> {
  return connectedSession({ connack: { topicAliasMaximum } });
}

function publish(session: Session<string>, topicName: string): string {
  session.publish(message(topicName, ""), "request");
  return written(session);
}

Deno.test("Session gives a Topic Name an alias at its first use, and sends the alias alone from then on", () => {
  const one = session(10);
  assertEquals(
    publish(one, "room"),
    // The name, then 3 bytes of properties: Topic Alias 1.
    "30 0a 00 04 72 6f 6f 6d 03 23 00 01",
  );
  assertEquals(publish(one, "room"), "30 06 00 00 03 23 00 01");
  assertEquals(publish(one, "hall"), "30 0a 00 04 68 61 6c 6c 03 23 00 02");
  assertEquals(publish(one, "room"), "30 06 00 00 03 23 00 01");
  assertEquals(publish(one, "hall"), "30 06 00 00 03 23 00 02");
});

Deno.test("Session uses no alias where the server takes none, under MQTT 3.1.1, or for a name that is as short", () => {
  const plain = "30 07 00 04 72 6f 6f 6d 00";
  assertEquals(publish(session(0), "room"), plain);
  assertEquals(publish(connectedSession(), "room"), plain);
  assertEquals(
    publish(connectedSession({ protocolVersion: 4 }), "room"),
    "30 06 00 04 72 6f 6f 6d",
  );
  assertEquals(publish(session(10), "abc"), "30 06 00 03 61 62 63 00");
});

Deno.test("Session gives the alias of the name that was not used for the longest time to a new one", () => {
  const one = session(2);
  publish(one, "room");
  publish(one, "hall");
  publish(one, "room");
  assertEquals(publish(one, "yard"), "30 0a 00 04 79 61 72 64 03 23 00 02");
  assertEquals(publish(one, "room"), "30 06 00 00 03 23 00 01");
  // The hall's alias went to the yard: now it takes the yard's, used before the room's.
  assertEquals(publish(one, "hall"), "30 0a 00 04 68 61 6c 6c 03 23 00 02");
});

Deno.test("Session sends an alias beside other properties, and leaves them as they are", () => {
  const one = session(2);
  publish(one, "room");
  const properties = { contentType: "x" };
  one.publish(message("room", "", { properties }), "request");
  assertEquals(written(one), "30 0a 00 00 07 03 00 01 78 23 00 01");
  assertEquals(properties, { contentType: "x" });
});

Deno.test("Session sends the whole Topic Name first on each connection, also with what is sent again", () => {
  const one = session(2);
  one.publish(message("room", "", { qos: 1 }), "first");
  one.publish(message("room", "", { qos: 1 }), "second");
  assertEquals(
    written(one),
    "32 0c 00 04 72 6f 6f 6d 00 01 03 23 00 01 32 08 00 00 00 02 03 23 00 01",
  );
  reconnect(one, "kept", { connack: { topicAliasMaximum: 2 } });
  assertEquals(
    written(one),
    "3a 0c 00 04 72 6f 6f 6d 00 01 03 23 00 01 3a 08 00 00 00 02 03 23 00 01",
  );
  reconnect(one, "kept");
  assertEquals(
    written(one),
    "3a 09 00 04 72 6f 6f 6d 00 01 00 3a 09 00 04 72 6f 6f 6d 00 02 00",
  );
});

Deno.test("Session takes an alias for unknown where the packet with its name was not written", () => {
  const one = connectedSession({
    connack: { topicAliasMaximum: 2, maximumPacketSize: 20 },
  });
  try {
    one.publish(message("room", "far too much payload"), "request");
  } catch {
    // Too large for the server: not written.
  }
  assertEquals(publish(one, "room"), "30 0a 00 04 72 6f 6f 6d 03 23 00 01");
});

Deno.test("Session sends a name under its own alias, though a packet with another name could not be written", () => {
  const one = connectedSession({
    connack: { topicAliasMaximum: 10, maximumPacketSize: 20 },
  });
  publish(one, "room");
  publish(one, "hall");
  publish(one, "room");
  for (const topicName of ["hall", "yard"]) {
    const large = message(topicName, "far too much payload");
    assertThrows(() => one.publish(large, "request"));
    assertEquals(publish(one, "room"), "30 06 00 00 03 23 00 01");
  }
});

Deno.test("Session uses no alias of its own on a connection on which the program gives one", () => {
  const one = session(5);
  publish(one, "room");
  one.publish(
    message("hall", "", { properties: { topicAlias: 1 } }),
    "request",
  );
  assertEquals(written(one), "30 0a 00 04 68 61 6c 6c 03 23 00 01");
  assertEquals(publish(one, "room"), "30 07 00 04 72 6f 6f 6d 00");
});

Deno.test("Session keeps no more than 1,024 aliases, and none for a name of more than 4,096 characters", () => {
  const one = session(65_535);
  for (let i = 0; i < 1_024; i++) publish(one, `name ${i}`);
  assertEquals(publish(one, "room").slice(-8), "23 00 01");
  const long = "x".repeat(4_097);
  assertEquals(publish(one, long), publish(one, long));
});
