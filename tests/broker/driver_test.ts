// The machine at work on wires in memory, in a time that a test makes pass: bytes in, bytes out, hooks, events,
// the end.

import { assert, assertEquals, assertMatch } from "@std/assert";
import type { Wire } from "../../src/transport/wire.ts";
import { isPending, settled } from "../client/clock.ts";
import { bytes, connectPacket, makeStage, RawClient } from "./raw_client.ts";

/** SUBSCRIBE to `a` at QoS 0, and its SUBACK. */
const SUBSCRIBE = "82 07 00 01 00 (filter) 00 01 61 00";
const SUBACK = "9004000100" + "00";

/** PUBLISH to `a` at QoS 0. */
const PUBLISH = "30 05 00 01 61 00 31";

const DISCONNECT = "e0 00";

function hex(text: string): string {
  return bytes(text).toHex();
}

function types(events: readonly { type: string }[]): string[] {
  return events.map(({ type }) => type);
}

Deno.test("BrokerDriver carries a message from one wire to the other", async () => {
  const { driver, events } = makeStage();
  const one = RawClient.to(driver);
  const other = RawClient.to(driver);
  await one.connect("one");
  await other.connect("other");
  await one.send(SUBSCRIBE);
  assertEquals(await one.receive(), hex(SUBACK));
  await other.send(PUBLISH);
  assertEquals(await one.receive(), hex(PUBLISH));
  assertEquals(types(events), [
    "connected",
    "connected",
    "subscribed",
    "message",
  ]);
  one.wire.close();
  other.wire.close();
  await driver.close();
});

Deno.test("BrokerDriver takes packets that come byte by byte, or many at once", async () => {
  const { driver } = makeStage();
  const client = RawClient.to(driver);
  for (const byte of bytes(connectPacket("slow"))) {
    await client.wire.write(Uint8Array.of(byte));
    await settled();
  }
  assertMatch(await client.receive(), /^20/);
  await client.send(SUBSCRIBE + PUBLISH.repeat(3) + "c0 00");
  assertEquals(
    await client.receive(),
    hex(SUBACK + PUBLISH.repeat(3) + "d0 00"),
  );
  client.wire.close();
  await driver.close();
});

Deno.test("BrokerDriver ends the wire after DISCONNECT, and no will is published", async () => {
  const { driver, events } = makeStage();
  const client = RawClient.to(driver);
  // A will to "w" with the payload "x".
  await client.send(
    "10 15 00 04 4d 51 54 54 05 06 00 00 00 (id) 00 01 63 00 00 01 77 00 01 78",
  );
  assertMatch(await client.receive(), /^20/);
  await client.send(DISCONNECT);
  assertEquals(await client.rest(), "");
  assertEquals(types(events), ["connected", "disconnected", "session-ended"]);
  await driver.close();
});

Deno.test("BrokerDriver publishes the will of a wire that ends by itself", async () => {
  const { driver, events } = makeStage();
  const client = RawClient.to(driver);
  await client.send(
    "10 15 00 04 4d 51 54 54 05 06 00 00 00 (id) 00 01 63 00 00 01 77 00 01 78",
  );
  assertMatch(await client.receive(), /^20/);
  client.wire.close();
  await settled();
  const will = events.find((event) => event.type === "message");
  assertEquals(will?.topicName, "w");
  await driver.close();
});

Deno.test("BrokerDriver says why it ends a wire, waits for the client to close, and takes nothing more", async () => {
  const { driver, events, clock } = makeStage();
  const client = RawClient.to(driver);
  await client.connect("bad");
  // PUBREL of a Packet Identifier of 0 is malformed; what follows is not looked at.
  await client.send("62 02 00 00" + PUBLISH);
  assertMatch(await client.receive(), /^e0/);
  assertEquals(await client.receive(), "end");
  await client.send(PUBLISH);
  await settled();
  assertEquals(types(events), ["connected", "disconnected", "session-ended"]);
  client.wire.close();
  await settled();
  assertEquals(driver.machine.stats.connections, 0);
  await driver.close();
  assertEquals(clock.timers, 0);
});

Deno.test("BrokerDriver drops a wire a second after its last bytes, where the client does not close it", async () => {
  const { driver, clock } = makeStage();
  const client = RawClient.to(driver);
  await client.connect("stubborn");
  await client.send("62 02 00 00");
  assertMatch(await client.receive(), /^e0/);
  const write = () => client.wire.write(Uint8Array.of(0));
  await write();
  await clock.advance(999);
  await write();
  await clock.advance(1);
  const late = await write().then(() => "written", (error) => error.name);
  assertEquals(late, "BrokenPipe");
  await driver.close();
});

Deno.test("BrokerDriver ends a wire without CONNECT after 10 s, and one whose Keep Alive has run out", async () => {
  const { driver, clock, events } = makeStage();
  const silent = RawClient.to(driver);
  await clock.advance(9_999);
  assert(await isPending(silent.rest()));
  await clock.advance(1);
  assertEquals(types(events), ["refused"]);
  const quiet = RawClient.to(driver);
  await quiet.connect("quiet", 10);
  await clock.advance(14_999);
  await quiet.send("c0 00");
  assertEquals(await quiet.receive(), "d000");
  await clock.advance(15_000);
  // 0x8D, Keep Alive timeout.
  assertMatch(await quiet.receive(), /^e0..8d/);
  silent.wire.close();
  quiet.wire.close();
  await driver.close();
  assertEquals(clock.timers, 0);
});

Deno.test("BrokerDriver reads what a client said last on a wire that it can no longer write", async () => {
  const { driver, events } = makeStage();
  const deaf = (wire: Wire): Wire => {
    let writes = 0;
    return {
      ...wire,
      // CONNACK and SUBACK leave.
      write: (data) =>
        ++writes > 2
          ? Promise.reject(new Deno.errors.BrokenPipe())
          : wire.write(data),
      close: () => wire.close(),
    };
  };
  const client = RawClient.to(driver, deaf);
  await client.send(
    "10 15 00 04 4d 51 54 54 05 06 00 00 00 (id) 00 01 63 00 00 01 77 00 01 78",
  );
  await client.receive();
  await client.send(SUBSCRIBE);
  await client.receive();
  await client.send(PUBLISH);
  await settled();
  await client.send(DISCONNECT);
  await settled();
  // The will is not among them.
  assertEquals(types(events), [
    ...["connected", "subscribed", "message", "disconnected", "session-ended"],
  ]);
  await driver.close();
});

Deno.test("BrokerDriver drops a wire that can neither be written nor brings anything, a second later", async () => {
  const { driver, clock, events } = makeStage();
  let isBroken = false;
  const deaf = (wire: Wire): Wire => ({
    ...wire,
    write: (data) =>
      isBroken
        ? Promise.reject(new Deno.errors.BrokenPipe())
        : wire.write(data),
  });
  const client = RawClient.to(driver, deaf);
  await client.connect("half");
  isBroken = true;
  await client.send("c0 00");
  await clock.advance(999);
  assertEquals(types(events), ["connected"]);
  await clock.advance(1);
  assertEquals(types(events), ["connected", "disconnected", "session-ended"]);
  await driver.close();
});

Deno.test("BrokerDriver asks hooks that wait: the packets behind wait in order, other wires go on", async () => {
  const verdict = Promise.withResolvers<boolean>();
  const { driver } = makeStage({
    hooks: {
      authenticate: ({ clientId }) => clientId === "fast" || verdict.promise,
    },
  });
  const slow = RawClient.to(driver);
  await slow.send(connectPacket("slow") + SUBSCRIBE + PUBLISH);
  const fast = RawClient.to(driver);
  await fast.connect("fast");
  const answer = slow.receive();
  assert(await isPending(answer));
  verdict.resolve(true);
  let got = await answer;
  while (!got.endsWith(hex(PUBLISH))) got += await slow.receive();
  assertMatch(got, new RegExp(`^20.*${hex(SUBACK)}${hex(PUBLISH)}$`));
  slow.wire.close();
  fast.wire.close();
  await driver.close();
});

Deno.test("BrokerDriver does not read from a client while a hook is asked about it", async () => {
  const verdict = Promise.withResolvers<boolean>();
  const { driver } = makeStage({
    hooks: { authenticate: () => verdict.promise },
  });
  const client = RawClient.to(driver);
  await client.send(connectPacket("eager"));
  await settled();
  // A wire in memory holds 1 MiB: what is more waits for the reader.
  const block = bytes("c0 00".repeat(1 << 19));
  let sent = 0;
  const sending = (async () => {
    for (let i = 0; i < 8; i++) sent += await client.wire.write(block);
  })();
  assert(await isPending(sending));
  assert(sent <= 2 << 20, `${sent} bytes were taken`);
  verdict.resolve(false);
  await settled();
  client.wire.close();
  await sending.catch(() => {});
  await driver.close();
});

Deno.test("BrokerDriver sees that a client has gone meanwhile when a hook has answered", async () => {
  const verdict = Promise.withResolvers<boolean>();
  const { driver, events } = makeStage({
    hooks: { authenticate: () => verdict.promise },
  });
  const client = RawClient.to(driver);
  await client.send(connectPacket("gone"));
  await settled();
  client.wire.close();
  await settled();
  verdict.resolve(true);
  await settled();
  assertEquals(types(events), ["connected", "disconnected", "session-ended"]);
  assertEquals(driver.machine.clients, []);
  await driver.close();
});

Deno.test("BrokerDriver refuses what a hook fails on, reports it, and lives on", async () => {
  const reported: string[] = [];
  const listen = (event: ErrorEvent) => {
    event.preventDefault();
    reported.push(event.error.message);
  };
  globalThis.addEventListener("error", listen);
  const { driver } = makeStage({
    hooks: {
      authenticate: ({ clientId }) => {
        if (clientId === "throws") throw new Error("first");
        return clientId !== "rejects" || Promise.reject(new Error("second"));
      },
    },
  });
  for (const clientId of ["throws", "rejects"]) {
    const client = RawClient.to(driver);
    await client.send(connectPacket(clientId));
    // 0x83, Implementation specific error.
    assertMatch(await client.receive(), /^20..0083/);
    client.wire.close();
  }
  const client = RawClient.to(driver);
  await client.connect("fine");
  client.wire.close();
  await driver.close();
  globalThis.removeEventListener("error", listen);
  assertEquals(reported, ["first", "second"]);
});

Deno.test("BrokerDriver tells events to a listener that gives it something to do, or fails", async () => {
  const reported: string[] = [];
  const listen = (event: ErrorEvent) => {
    event.preventDefault();
    reported.push(event.error.message);
  };
  globalThis.addEventListener("error", listen);
  const { driver, events } = makeStage({
    onEvent: (event, driver) => {
      if (event.type === "subscribed") {
        driver.input((machine, now) =>
          machine.publish({
            topicName: "a",
            payload: Uint8Array.of(0x31),
            qos: 0,
            retain: false,
            properties: {},
          }, now)
        );
      }
      if (event.type === "message") throw new Error("mine");
    },
  });
  const client = RawClient.to(driver);
  await client.connect("one");
  await client.send(SUBSCRIBE);
  assertEquals(await client.receive(), hex(SUBACK + PUBLISH));
  client.wire.close();
  await driver.close();
  globalThis.removeEventListener("error", listen);
  assertEquals(reported, ["mine"]);
  assertEquals(types(events).slice(0, 3), [
    "connected",
    "subscribed",
    "message",
  ]);
});

Deno.test("BrokerDriver tells what a listener has set going behind what happened before", async () => {
  const { driver, events } = makeStage({
    onEvent: (event, driver) => {
      if (event.type !== "subscribed" || event.topicFilter !== "a") return;
      driver.input((machine, now) => machine.disconnect("one", 0, now));
    },
  });
  const client = RawClient.to(driver);
  await client.connect("one");
  // SUBSCRIBE to "a" and "b".
  await client.send("82 0b 00 01 00 00 01 61 00 00 01 62 00");
  await client.receive();
  assertEquals(types(events), [
    ...["connected", "subscribed", "subscribed"],
    ...["disconnected", "session-ended"],
  ]);
  client.wire.close();
  await driver.close();
});

Deno.test("BrokerDriver holds no more than a bound for a client that never reads, and others get theirs", async () => {
  const { driver } = makeStage({
    settings: { queuedBytesMax: 1 << 20, outgoingSizeMax: 1 << 16 },
  });
  const stuck = RawClient.to(driver);
  await stuck.connect("stuck");
  await stuck.send(SUBSCRIBE);
  await stuck.receive();
  const reader = RawClient.to(driver);
  await reader.connect("reader");
  await reader.send(SUBSCRIBE);
  await reader.receive();
  const payload = "5a".repeat(60_000);
  // PUBLISH of 60,004 bytes behind the fixed header.
  const publish = `30 e4 d4 03 00 01 61 00 ${payload}`;
  for (let i = 0; i < 100; i++) {
    const sending = reader.send(publish);
    let got = 0;
    while (got < 60_008) got += (await reader.receive()).length / 2;
    await sending;
  }
  const { queuedBytes, messagesDropped } = driver.machine.stats;
  assert(queuedBytes <= 1 << 20, `${queuedBytes} bytes wait`);
  assert(messagesDropped["queue-full"] > 50);
  stuck.wire.close();
  reader.wire.close();
  await driver.close();
  assertEquals(driver.machine.stats.queuedBytes, 0);
});

Deno.test("BrokerDriver does not read any more from a client that floods and does not read its answers", async () => {
  const { driver } = makeStage();
  const client = RawClient.to(driver);
  await client.connect("flooder");
  const pings = bytes("c0 00".repeat(1 << 16));
  let sent = 0;
  const flooding = (async () => {
    while (sent < 64 << 20) sent += await client.wire.write(pings);
  })();
  assert(await isPending(flooding));
  // What the wires hold in both directions, and what waits to be written.
  assert(sent < 4 << 20, `${sent} bytes were taken`);
  client.wire.close();
  await flooding.catch(() => {});
  await driver.close();
});

Deno.test("BrokerDriver close tells clients of MQTT 5 that the server is shutting down, and ends every wire", async () => {
  const { driver, clock } = makeStage();
  const connected = RawClient.to(driver);
  await connected.connect("one", 60);
  const silent = RawClient.to(driver);
  const closing = driver.close();
  // 0x8B, Server shutting down.
  assertMatch(await connected.receive(), /^e0..8b/);
  assertEquals(await connected.receive(), "end");
  assertEquals(await isPending(silent.receive()), false);
  connected.wire.close();
  await closing;
  assertEquals(clock.timers, 0);
  const late = RawClient.to(driver);
  assertEquals(await late.receive(), "end");
  await driver.close();
});

Deno.test("BrokerDriver close does not wait for ever for a client that neither reads nor closes", async () => {
  const { driver, clock } = makeStage();
  const client = RawClient.to(driver);
  await client.connect("stuck", 60);
  await driver.close();
  assertEquals(clock.timers, 0);
  assertMatch(await client.receive(), /^e0..8b/);
});

for (const isLater of [false, true]) {
  const when = isLater ? "later" : "at once";
  const answer = <Value>(value: Value) =>
    isLater ? Promise.resolve(value) : value;

  Deno.test(`BrokerDriver refuses with Unspecified error what a hook refuses ${when} with a code that the packet does not have`, async () => {
    const { driver } = makeStage({
      hooks: {
        authenticate: ({ clientId }) =>
          answer(clientId === "in" || { reasonCode: 0x8f }),
        // 0x86 is for CONNACK alone, and so is a Server Reference.
        authorize: ({ action }) =>
          answer({
            reasonCode: action === "publish" ? 0x86 : 0x87,
            properties: { serverReference: "elsewhere" },
          }),
      },
    });
    const out = RawClient.to(driver);
    await out.send(connectPacket("out"));
    assertEquals(await out.receive(), hex("20 03 00 80 00"));
    const client = RawClient.to(driver);
    await client.connect("in");
    await client.send("32 06 (PUBLISH at QoS 1) 0001 61 0001 00");
    assertEquals(await client.receive(), hex("40 03 0001 80"));
    await client.send(SUBSCRIBE);
    assertEquals(await client.receive(), hex("90 04 0001 00 87"));
    client.wire.close();
    await driver.close();
  });

  Deno.test(`BrokerDriver ends one connection where a hook answers ${when} what cannot be said, reports it, and lives on`, async () => {
    const reported: string[] = [];
    const listen = (event: ErrorEvent) => {
      event.preventDefault();
      reported.push(event.error.message);
    };
    globalThis.addEventListener("error", listen);
    const reasonString = "x".repeat(65_536);
    const { driver } = makeStage({
      hooks: {
        authenticate: ({ clientId }) =>
          answer(
            clientId === "fine" ||
              { reasonCode: 0x87, properties: { reasonString } },
          ),
      },
    });
    const client = RawClient.to(driver);
    await client.send(connectPacket("a"));
    assertEquals(await client.receive(), "end");
    const other = RawClient.to(driver);
    await other.connect("fine");
    other.wire.close();
    await driver.close();
    globalThis.removeEventListener("error", listen);
    assertEquals(reported, [
      "Cannot encode CONNACK: reasonString must not have more than 65535 bytes",
    ]);
  });
}

for (const isLater of [false, true]) {
  Deno.test(
    `BrokerDriver goes on where a client is as long-winded as it may be, and a hook answers ${
      isLater ? "later" : "at once"
    }`,
    async () => {
      const { driver } = makeStage({
        hooks: {
          authenticate: () => isLater ? Promise.resolve(true) : true,
          authorize: () => isLater ? Promise.resolve(true) : true,
        },
      });
      // Its Response Information would be longer than a string may be.
      const id = "78".repeat(65_530);
      const client = RawClient.to(driver);
      await client.send(
        `10 898004 0004 4d515454 05 02 0000 (properties) 02 1901 fffa ${id}`,
      );
      assertEquals(
        await client.receive(),
        hex("20 0b 00 00 08 27 01000000 22 03e8"),
      );
      // Behind a PUBLISH that is asked about, a Topic Filter that is none.
      const filter = "01".repeat(11_000) + "23";
      await client.send(
        `30 04 0001 61 00 82 ff55 0001 00 2af9 ${filter} 00`,
      );
      assertMatch(await client.receive(), /^e0....81/);
      client.wire.close();
      const other = RawClient.to(driver);
      await other.connect("other");
      other.wire.close();
      await driver.close();
    },
  );
}
