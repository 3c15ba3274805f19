// What a server keeps for a client that is away, and for how long.

import { assertEquals } from "@std/assert";
import type { Client } from "../../../mod.ts";
import { plain, take, textsUntil } from "./messages.ts";
import { offered, type ScenarioGroup, since } from "./scenario.ts";
import type { Stage } from "./stage.ts";

/** A session that the server is to keep, under every version. */
function kept({ clientId }: Stage) {
  return { clientId, cleanStart: false } as const;
}

/** Makes a session that has a subscription, and leaves. */
async function leaveSession(stage: Stage, qos: 1 | 2): Promise<void> {
  const client = await stage.connect(kept(stage));
  await client.subscribe(stage.topic, { qos });
  await client.disconnect();
}

export const SESSIONS: ScenarioGroup = {
  title: "Sessions",
  scenarios: [
    ...since(3, {
      async "A clean session ends with its connection"(stage) {
        const { clientId, topic } = stage;
        const first = await stage.connect({ clientId });
        await first.subscribe(topic, { qos: 1 });
        await first.disconnect();
        const options = { ...kept(stage), reconnect: SOON };
        await hasNothing(stage, await stage.connect(options));
      },

      "A kept session has what was published meanwhile at QoS 1": (stage) =>
        isKept(stage, 1),

      "A kept session has what was published meanwhile at QoS 2": (stage) =>
        isKept(stage, 2),

      async "A clean start forgets the kept session"(stage) {
        await leaveSession(stage, 1);
        const { clientId } = stage;
        await hasNothing(stage, await stage.connect({ clientId }));
      },

      async "A message that was not acknowledged comes again, as a duplicate"(
        stage,
      ) {
        const { topic } = stage;
        const first = await stage.connect(kept(stage));
        const messages = await first.subscribe(topic, {
          qos: 1,
          ack: "manual",
        });
        await first.publish(topic, "twice", { qos: 1 });
        for await (const { dup } of messages) {
          assertEquals(dup, false);
          break;
        }
        first.close();
        await first.closed;
        const back = await stage.connect(kept(stage));
        const [again] = await take(back, 1);
        assertEquals([again?.text(), again?.dup], ["twice", true]);
      },

      async "A client comes back to a server that has restarted, and its loops go on"(
        stage,
      ) {
        const { topic, server } = stage;
        const client = await stage.connect({ reconnect: SOON });
        const messages = await client.subscribe(topic, { qos: 1 });
        const back = isBack(client);
        await server.restart();
        await back;
        await client.publish(topic, "after", { qos: 1 });
        assertEquals((await take(messages, 1)).map(plain), [
          [topic, 1, false, "after"],
        ]);
      },
    }),

    ...since(4, {
      async "A kept session outlives a restart of the server"(stage) {
        const { topic, server } = stage;
        await leaveSession(stage, 1);
        const living = await stage.connect({
          clientId: `${stage.clientId}living`,
          cleanStart: false,
          reconnect: SOON,
        });
        const messages = await living.subscribe(topic, { qos: 1 });
        await living.publish(topic, "before", { qos: 1 });
        await take(messages, 1);
        const back = isBack(living);
        await server.restart();
        offered(await back, "Session Present is 0 behind the restart");
        await living.publish(topic, "after", { qos: 1 });
        // The server may not have seen that the first was acknowledged.
        const texts = await textsUntil(messages, "after");
        assertEquals([...new Set(["before", ...texts])], ["before", "after"]);
        const away = await stage.connect(kept(stage));
        assertEquals(away.connection.sessionPresent, true);
        assertEquals(await textsUntil(away, "after"), ["before", "after"]);
      },
    }),

    ...since(5, {
      async "A session ends when its Session Expiry Interval is over"(stage) {
        const { clientId, topic } = stage;
        const watcher = await stage.connect();
        const wills = await watcher.subscribe(topic, { qos: 1 });
        // What is to be published a minute later is published when the session ends, if that is sooner (3.1.3.2.2).
        const leaving = await stage.connect({
          clientId,
          properties: { sessionExpiryInterval: 1 },
          will: { topic, qos: 1, properties: { willDelayInterval: 60 } },
        });
        leaving.close();
        await take(wills, 1);
        const back = await stage.connect(kept(stage));
        assertEquals(back.connection.sessionPresent, false);
      },

      async "DISCONNECT says how long the session is kept"(stage) {
        const { clientId } = stage;
        const ends = { properties: { sessionExpiryInterval: 0 } };
        const lasts = { properties: { sessionExpiryInterval: 60 } };
        const first = await stage.connect({ clientId, ...lasts });
        await first.disconnect(lasts);
        const second = await stage.connect(kept(stage));
        assertEquals(second.connection.sessionPresent, true);
        await second.disconnect(ends);
        const third = await stage.connect(kept(stage));
        assertEquals(third.connection.sessionPresent, false);
        await third.disconnect(ends);
      },

      async "The server shortens the Session Expiry Interval, and says so"(
        stage,
      ) {
        const client = await stage.connect({
          properties: { sessionExpiryInterval: 86_400 },
        }, { isLimited: true });
        const { properties, sessionExpiryInterval } = client.connection;
        const { sessionExpiryInterval: named } = properties;
        offered(named !== undefined, "CONNACK has no Session Expiry Interval");
        assertEquals(sessionExpiryInterval, named);
        offered(named !== 86_400, "it is the one asked for");
      },
    }),
  ],
};

const MEANWHILE = ["one", "two", "three"];

/** Nothing is lost, added or out of order, and the subscription goes on. */
async function isKept(stage: Stage, qos: 1 | 2): Promise<void> {
  await leaveSession(stage, qos);
  const other = await stage.connect();
  for (const text of MEANWHILE) await other.publish(stage.topic, text, { qos });
  const back = await stage.connect(kept(stage));
  // CONNACK of MQTT 3.1 has no place for it.
  if (stage.protocolVersion > 3) {
    assertEquals(back.connection.sessionPresent, true);
  }
  const taken = await take(back, MEANWHILE.length);
  assertEquals(
    taken.map(plain),
    MEANWHILE.map((text) => [stage.topic, qos, false, text]),
  );
  await other.publish(stage.topic, "live", { qos: 1 });
  assertEquals((await take(back, 1)).map((message) => message.text()), [
    "live",
  ]);
}

/** The session is new: nobody has subscribed to the topic. */
async function hasNothing(
  { topic }: Stage,
  client: Client,
): Promise<void> {
  assertEquals(client.connection.sessionPresent, false);
  const marks = await client.subscribe(`${topic}/mark`, { qos: 1 });
  await client.publish(topic, "to nobody", { qos: 1 });
  await client.publish(`${topic}/mark`, "mark", { qos: 1 });
  await take(marks, 1);
  assertEquals(client.stats().unclaimed, 0);
}

/** A server that starts, or that is still busy with the end of the last connection, is asked again. */
const SOON = { initialMs: 50, maxMs: 200, retryFirst: true };

/** Resolves when there is a connection again: with whether the server went on with the session. */
async function isBack(client: Client): Promise<boolean> {
  for await (const event of client.status()) {
    if (event.type === "back") return event.sessionPresent;
  }
  return false;
}
