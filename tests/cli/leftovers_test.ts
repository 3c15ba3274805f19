// The messages of an earlier run: their ends are waited for, and their failures told.

import { assertEquals, assertInstanceOf, assertRejects } from "@std/assert";
import { PublishError, StoreError } from "../../mod.ts";
import { Leftovers } from "../../src/cli/leftovers.ts";
import { KEPT } from "../client/away.ts";
import { isPending, settled } from "../client/clock.ts";
import { HeldStore } from "../client/held_store.ts";
import { ack } from "../client/packets.ts";
import { type Connected, connected } from "../client/server.ts";

const OPTIONS = { clientId: "me", cleanStart: false };

/** A client whose store has two messages of QoS 1 of an earlier process. */
async function goingOn(): Promise<
  & Connected
  & { store: HeldStore; failed: unknown[]; ended: AbortController }
  & {
    leftovers: Leftovers;
  }
> {
  const first = new HeldStore();
  const { client } = await connected({ ...OPTIONS, store: first });
  for (const payload of ["1", "2"]) {
    void client.publish("a", payload, { qos: 1 });
  }
  await settled();
  const store = first.afterKill();
  client.close();
  await client.closed;
  const connection = await connected({ ...OPTIONS, store }, KEPT);
  const failed: unknown[] = [];
  const ended = new AbortController();
  const leftovers = new Leftovers(connection.client, {
    onFailed: (error) => failed.push(error),
    ended: ended.signal,
  });
  await connection.server.sent();
  return { ...connection, store, failed, ended, leftovers };
}

async function end({ client }: Pick<Connected, "client">): Promise<void> {
  client.close();
  await client.closed;
}

Deno.test("Leftovers are waited for until so many are left", async () => {
  const connection = await goingOn();
  const { server, leftovers, failed } = connection;
  await leftovers.atMost(2);
  const [one, none] = [leftovers.atMost(1), leftovers.atMost(0)];
  assertEquals([await isPending(one), await isPending(none)], [true, true]);
  server.send(ack("puback", 1));
  await one;
  assertEquals(await isPending(none), true);
  server.send(ack("puback", 2));
  await none;
  assertEquals(failed, []);
  await end(connection);
});

Deno.test("Leftovers tell of a message that the server refuses, and of a store that fails", async () => {
  const connection = await goingOn();
  const { client, server, store, failed } = connection;
  server.send(ack("puback", 1, 0x87));
  await settled();
  const [refused] = failed;
  assertInstanceOf(refused, PublishError);
  assertEquals(refused.reasonCode, 0x87);
  // What this run publishes has a promise of its own.
  store.failure = new StoreError("no space is left", { fault: "full" });
  await assertRejects(() => client.publish("a", "3", { qos: 1 }), StoreError);
  await settled();
  assertEquals(failed.slice(1), [store.failure]);
  await end(connection);
});

Deno.test("Leftovers are waited for no longer when the run has ended", async () => {
  const connection = await goingOn();
  const { leftovers, ended } = connection;
  const waiting = leftovers.atMost(0);
  ended.abort(new RangeError("enough"));
  await assertRejects(() => waiting, RangeError, "enough");
  await end(connection);
});
