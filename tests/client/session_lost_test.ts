// What the program sees of its publishes in flight where the server has lost the session.

import { assertEquals, assertRejects, assertStringIncludes } from "@std/assert";
import { ConnectionLostError, type SessionLostOptions } from "../../mod.ts";
import { connectedOften, KEPT, LOST, reconnected } from "./away.ts";
import { isPending } from "./clock.ts";
import { listen } from "./listen.ts";
import { ack, publish } from "./packets.ts";

/** A client that has lost its connection with messages of QoS 1, 2 and, after PUBREC, 2 in flight; and its next connection. */
async function lostInFlight(
  sessionLost: SessionLostOptions | undefined,
  session = LOST,
) {
  const connection = await connectedOften(
    sessionLost === undefined ? {} : { sessionLost },
  );
  const { client, server } = connection;
  const events = listen(client);
  const one = client.publish("a", "1", { qos: 1 });
  const two = client.publish("a", "2", { qos: 2 });
  const released = client.publish("a", "3", { qos: 2 });
  for (let i = 0; i < 3; i++) await server.next("publish");
  server.send(ack("pubrec", 3));
  await server.next("pubrel");
  const next = await reconnected(connection, session);
  return { client, next, events, one, two, released };
}

async function assertUnknown(promise: Promise<unknown>): Promise<void> {
  const error = await assertRejects(() => promise, ConnectionLostError);
  assertEquals(error.delivery, "unknown");
  assertStringIncludes(
    error.message,
    'Cannot publish to "a": the server has lost the session in which it was sent',
  );
}

Deno.test("QoS 1 is sent anew with a new identifier and no DUP, QoS 2 rejects as unknown, where the server has lost the session", async () => {
  for (
    const sessionLost of [undefined, {}, {
      qos1: "resend",
      qos2: "reject",
    }] as const
  ) {
    const { client, next, events, one, two, released } = await lostInFlight(
      sessionLost,
    );
    assertEquals(await next.sent(), [publish("a", "1", { packetId: 4 })]);
    await assertUnknown(two);
    await assertUnknown(released);
    assertEquals(await isPending(one), true);
    next.send(ack("puback", 4));
    assertEquals((await one)?.reasonCode, 0);
    assertEquals(
      events.filter(({ type }) => type === "session-lost"),
      [{ type: "session-lost", resent: 1, unknown: 2, filters: 0 }],
    );
    client.close();
  }
});

Deno.test("QoS 2 is sent anew for who accepts that it may arrive twice, but not after PUBREC", async () => {
  const { client, next, one, two, released } = await lostInFlight({
    qos2: "resend",
  });
  assertEquals(await next.sent(), [
    publish("a", "1", { packetId: 4 }),
    publish("a", "2", { qos: 2, packetId: 5 }),
  ]);
  await assertUnknown(released);
  next.send(ack("puback", 4), ack("pubrec", 5), ack("pubcomp", 5));
  await Promise.all([one, two]);
  client.close();
});

Deno.test("QoS 1 rejects as unknown for who does not want it twice", async () => {
  const { client, next, events, one, two, released } = await lostInFlight({
    qos1: "reject",
  });
  for (const published of [one, two, released]) await assertUnknown(published);
  assertEquals(await next.sent(), []);
  const failed = events.filter(({ type }) => type === "publish-failed");
  assertEquals(failed.length, 3);
  client.close();
});

Deno.test("nothing is told of a lost session where the server has kept it", async () => {
  const { client, next, events, one, two, released } = await lostInFlight(
    { qos1: "reject" },
    KEPT,
  );
  next.send(ack("puback", 1), ack("pubrec", 2), ack("pubcomp", 2));
  next.send(ack("pubcomp", 3));
  await Promise.all([one, two, released]);
  assertEquals(events.filter(({ type }) => type === "session-lost"), []);
  client.close();
});
