// withClient(): a client for the time of a function, and a will that tells of its failure.

import { assertEquals, assertRejects, assertStrictEquals } from "@std/assert";
import {
  type Client,
  ConnectError,
  ConnectionLostError,
  type ConnectOptions,
  withClient,
} from "../../mod.ts";
import { settled, VirtualClock } from "./clock.ts";
import { connack, goodbye, publish } from "./packets.ts";
import { Listener, type ServerEnd } from "./server.ts";

const WILL = { topic: "job", payload: "failed" };

/** Calls `withClient()` against a server that accepts. */
async function begin<Value>(
  options: ConnectOptions,
  use: (client: Client) => Promise<Value> | Value,
): Promise<{ used: Promise<Value>; server: ServerEnd }> {
  const listener = new Listener();
  const clock = new VirtualClock();
  const used = withClient("mqtt://server.test", {
    clock,
    transport: listener,
    ...options,
  }, use);
  used.catch(() => {});
  const server = await listener.accept();
  const { protocolVersion } = await server.next("connect");
  server.send(connack({ protocolVersion }));
  return { used, server };
}

Deno.test("withClient resolves with what the function gives, behind a normal DISCONNECT", async () => {
  const { used, server } = await begin({ will: WILL }, async (client) => {
    await client.publish("a", "x");
    return 42;
  });
  assertEquals(await server.rest(), [publish("a", "x"), goodbye()]);
  server.close();
  assertEquals(await used, 42);
});

Deno.test("withClient takes a function that waits for nothing", async () => {
  const { used, server } = await begin({}, () => "done");
  assertEquals(await server.rest(), [goodbye()]);
  server.close();
  assertEquals(await used, "done");
});

const FAILURES: Readonly<Record<string, (error: Error) => Promise<void>>> = {
  throws: (error) => {
    throw error;
  },
  rejects: (error) => Promise.reject(error),
};

for (const [how, fail] of Object.entries(FAILURES)) {
  Deno.test(`withClient whose function ${how} has the will published: DISCONNECT 0x04`, async () => {
    const error = new Error("the program's own");
    const { used, server } = await begin({ will: WILL }, () => fail(error));
    assertEquals(await server.rest(), [goodbye(5, 4)]);
    server.close();
    assertStrictEquals(await assertRejects(() => used), error);
  });

  Deno.test(`withClient whose function ${how} closes without DISCONNECT under MQTT 3.1.1`, async () => {
    const error = new Error("the program's own");
    const { used, server } = await begin(
      { will: WILL, protocolVersion: 4 },
      () => fail(error),
    );
    assertEquals(await server.rest(), []);
    assertStrictEquals(await assertRejects(() => used), error);
  });

  Deno.test(`withClient whose function ${how} disconnects normally where there is no will`, async () => {
    for (const protocolVersion of [4, 5] as const) {
      const error = new Error("the program's own");
      const { used, server } = await begin(
        { protocolVersion },
        () => fail(error),
      );
      assertEquals(await server.rest(), [goodbye(protocolVersion)]);
      server.close();
      assertStrictEquals(await assertRejects(() => used), error);
    }
  });
}

Deno.test("withClient passes on what the function says of a lost connection", async () => {
  const options = { will: WILL, reconnect: false };
  const { used, server } = await begin(options, async (client) => {
    for await (const message of client) message.text();
  });
  await settled();
  server.close();
  await assertRejects(() => used, ConnectionLostError);
});

Deno.test("withClient does not call the function where it cannot connect", async () => {
  let calls = 0;
  const options = {
    transport: { open: () => Promise.reject(new Error("no wire")) },
    clock: new VirtualClock(),
  };
  await assertRejects(
    () => withClient("mqtt://server.test", options, () => calls++),
    ConnectError,
    "no wire",
  );
  assertEquals(calls, 0);
});

Deno.test("withClient ends normally where the function has ended the client itself", async () => {
  const { used, server } = await begin({ will: WILL }, (client) => {
    client.close();
    return "done";
  });
  assertEquals(await server.rest(), []);
  assertEquals(await used, "done");
});
