// How connecting is given up, by the caller or by the clock, in each of its phases; and that nothing
// is left of it.

import {
  assert,
  assertEquals,
  assertRejects,
  assertStrictEquals,
  assertStringIncludes,
} from "@std/assert";
import { AbortedError, ConnectError, type Transport } from "../../mod.ts";
import { isPending, settled } from "./clock.ts";
import { connack, publish } from "./packets.ts";
import { connected, dial } from "./server.ts";

/** A wire that is never there. */
const NEVER: Transport = {
  open: (signal) =>
    new Promise((_, reject) =>
      signal.addEventListener("abort", () => reject(signal.reason), {
        once: true,
      })
    ),
};

Deno.test("connect rejects after connectTimeoutMs while the wire is not open", async () => {
  const { connecting, clock } = dial({
    transport: NEVER,
    connectTimeoutMs: 3_000,
  });
  await clock.advance(2_999);
  assert(await isPending(connecting));
  await clock.advance(1);
  const error = await assertRejects(() => connecting, ConnectError, "3 s");
  assertStringIncludes(error.message, "server.test:1883");
  assertStrictEquals(error.reasonCode, undefined);
  assertEquals(clock.timers, 0);
});

Deno.test("connect rejects after connectTimeoutMs while no CONNACK comes, and says that the wire was open", async () => {
  const { connecting, clock, listener } = dial();
  const server = await listener.accept();
  await server.next("connect");
  await clock.advance(9_999);
  assert(await isPending(connecting));
  await clock.advance(1);
  await assertRejects(() => connecting, ConnectError, "CONNACK");
  assertEquals(await server.rest(), []);
  assertEquals(clock.timers, 0);
});

Deno.test("connect gives all its versions together one connectTimeoutMs", async () => {
  const { connecting, clock, listener } = dial({ connectTimeoutMs: 3_000 });
  const first = await listener.accept();
  await clock.advance(2_000);
  first.send(connack({ reasonCode: 0x84 }));
  const second = await listener.accept();
  await clock.advance(999);
  assert(await isPending(connecting));
  await clock.advance(1);
  await assertRejects(() => connecting, ConnectError, "3 s");
  await second.next("connect");
  assertEquals(await second.rest(), []);
  assertEquals(listener.waiting, 0);
});

Deno.test("connect is not held up by half a CONNACK", async () => {
  const { connecting, clock, listener } = dial({ connectTimeoutMs: 3_000 });
  const server = await listener.accept();
  await server.next("connect");
  server.sendBytes(server.encode(connack()).subarray(0, 3));
  await clock.advance(3_000);
  await assertRejects(() => connecting, ConnectError, "3 s");
});

Deno.test("connect rejects where the signal is aborted already, and opens no wire", async () => {
  const reason = new Error("changed my mind");
  const { connecting, clock, listener } = dial({
    signal: AbortSignal.abort(reason),
  });
  const error = await assertRejects(() => connecting, AbortedError);
  assertEquals(error.name, "AbortError");
  assertStrictEquals(error.cause, reason);
  await settled();
  assertEquals(listener.waiting, 0);
  assertEquals(clock.timers, 0);
});

Deno.test("connect rejects with the signal's reason while the wire is not open", async () => {
  const controller = new AbortController();
  const { connecting, clock } = dial({
    transport: NEVER,
    signal: controller.signal,
  });
  assert(await isPending(connecting));
  controller.abort("no longer");
  const error = await assertRejects(() => connecting, AbortedError);
  assertEquals(error.cause, "no longer");
  assertEquals(clock.timers, 0);
});

Deno.test("connect rejects with the signal's reason while no CONNACK comes, and closes the wire", async () => {
  const controller = new AbortController();
  const { connecting, clock, listener } = dial({ signal: controller.signal });
  const server = await listener.accept();
  await server.next("connect");
  controller.abort("no longer");
  const error = await assertRejects(() => connecting, AbortedError);
  assertEquals(error.cause, "no longer");
  assertEquals(await server.rest(), []);
  assertEquals(listener.waiting, 0);
  assertEquals(clock.timers, 0);
});

Deno.test("connect rejects with the signal's reason between two versions", async () => {
  const controller = new AbortController();
  const { connecting, listener } = dial({ signal: controller.signal });
  const first = await listener.accept();
  await first.next("connect");
  first.close();
  controller.abort("no longer");
  await assertRejects(() => connecting, AbortedError);
  await settled();
  assertEquals(listener.waiting, 0);
});

Deno.test("connect closes a wire that is there only after the signal fired", async () => {
  const controller = new AbortController();
  const opened = Promise.withResolvers<void>();
  let closed = 0;
  let written = 0;
  const { connecting } = dial({
    signal: controller.signal,
    transport: {
      // A transport that has the wire at the very moment at which it is given up.
      async open() {
        await opened.promise;
        return {
          read: () => new Promise(() => {}),
          write: (bytes) => Promise.resolve(written += bytes.length),
          close: () => closed++,
        };
      },
    },
  });
  await settled();
  controller.abort("no longer");
  opened.resolve();
  await assertRejects(() => connecting, AbortedError);
  assertEquals(closed, 1);
  assertEquals(written, 0);
});

Deno.test("connect is held up by no transport that does not heed its signal, and a wire that comes too late is closed", async () => {
  const late = Promise.withResolvers<void>();
  let closed = 0;
  const transport: Transport = {
    async open() {
      await late.promise;
      return {
        read: () => Promise.resolve(null),
        write: ({ length }) => Promise.resolve(length),
        close: () => closed++,
      };
    },
  };
  const timed = dial({ transport, connectTimeoutMs: 1_000 });
  const controller = new AbortController();
  const given = dial({ transport, signal: controller.signal });
  await timed.clock.advance(1_000);
  controller.abort();
  assertEquals(await isPending(timed.connecting), false);
  assertEquals(await isPending(given.connecting), false);
  await assertRejects(() => timed.connecting, ConnectError, "1 s");
  await assertRejects(() => given.connecting, AbortedError);
  late.resolve();
  await settled();
  assertEquals(closed, 2);
});

Deno.test("connect's signal is of no effect once it has resolved", async () => {
  const controller = new AbortController();
  const { client, server } = await connected({ signal: controller.signal });
  controller.abort("too late");
  const published = client.publish("a", "x");
  assertEquals(await server.next("publish"), publish("a", "x"));
  await published;
});

Deno.test("connect's time is of no effect once it has resolved", async () => {
  const { client, server, clock } = await connected({
    connectTimeoutMs: 5,
    keepAlive: 0,
  });
  await clock.advance(3_600_000);
  const published = client.publish("a", "x");
  assertEquals(await server.next("publish"), publish("a", "x"));
  await published;
});

Deno.test("connect that resolves gives a client that lives, whenever its signal fires behind CONNACK", async () => {
  for (let ticks = 0; ticks < 20; ticks++) {
    const abort = new AbortController();
    const { client } = await connected(
      {
        signal: abort.signal,
        async onMessage() {
          for (let i = 0; i < ticks; i++) await undefined;
          abort.abort();
        },
      },
      {},
      publish("a", "behind"),
    );
    assert(await isPending(client.closed), `${ticks} microtasks`);
    client.close();
  }
});
