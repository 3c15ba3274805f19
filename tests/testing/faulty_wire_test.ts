// The broker's end of a wire, with faults: what each end reads, and when the wire itself is closed.

import { assert, assertEquals, assertRejects } from "@std/assert";
import { memoryWires } from "../../src/transport/memory.ts";
import { FaultyWire } from "../../src/testing/faulty_wire.ts";
import type { Wire } from "../../src/transport/wire.ts";
import { bytes } from "../broker/raw_client.ts";
import { isPending, settled, VirtualClock } from "../client/clock.ts";

const PINGREQ = bytes("c0 00");
const PUBACK = bytes("40 02 00 01");

/** A wire of which each end is at hand. */
function makeWire(): {
  readonly clock: VirtualClock;
  readonly client: Wire;
  readonly broker: FaultyWire;
  readonly isGone: () => boolean;
} {
  const clock = new VirtualClock();
  const [client, below] = memoryWires();
  let gone = 0;
  let reads = 0;
  const broker = new FaultyWire({
    below: {
      ...below,
      async read(into) {
        assertEquals(++reads, 1, "one read at a time");
        return await below.read(into).finally(() => reads--);
      },
    },
    clock,
    onGone: () => gone++,
  });
  const isGone = () => {
    assert(gone < 2, "it goes once");
    return gone === 1;
  };
  return { clock, client, broker, isGone };
}

async function read(wire: Wire): Promise<string | null> {
  const into = new Uint8Array(100);
  const size = await wire.read(into);
  return size === null ? null : into.subarray(0, size).toHex();
}

/** What is read one after the other, to the end, by a program that does a little with each. */
async function readPieces(wire: Wire): Promise<string[]> {
  const pieces: string[] = [];
  for (
    let piece = await read(wire);
    piece !== null;
    piece = await read(wire)
  ) {
    pieces.push(piece);
    for (let i = 0; i < 20; i++) await undefined;
  }
  return pieces;
}

for (const isReading of [false, true]) {
  const when = isReading ? "while it is read" : "before it is read";

  Deno.test(`FaultyWire takes faults ${when}`, async () => {
    const { client, broker, isGone } = makeWire();
    const first = isReading ? read(broker) : undefined;
    broker.inflict({ drop: { from: "client", packet: "pingreq" } });
    await client.write(PINGREQ);
    await client.write(PUBACK);
    assertEquals(await (first ?? read(broker)), PUBACK.toHex());
    client.close();
    assertEquals(await read(broker), null);
    broker.close();
    await settled();
    assert(isGone());
  });

  Deno.test(`FaultyWire is reset ${when}: both ends are told, and what is under way is lost`, async () => {
    const { client, broker, isGone } = makeWire();
    await broker.write(PUBACK);
    const first = isReading ? read(broker) : undefined;
    first?.catch(() => {});
    assertEquals(broker.cut("reset"), true);
    await assertRejects(
      () => first ?? read(broker),
      Deno.errors.ConnectionReset,
    );
    await assertRejects(() => read(client), Deno.errors.ConnectionReset);
    await assertRejects(() => broker.write(PUBACK), Deno.errors.BrokenPipe);
    assert(isGone());
    broker.close();
    assert(isGone());
  });

  Deno.test(`FaultyWire is closed ${when}: both ends read to the end`, async () => {
    const { client, broker, isGone } = makeWire();
    await broker.write(PUBACK);
    const first = isReading ? read(broker) : undefined;
    assertEquals(broker.cut("fin"), true);
    assertEquals(await (first ?? read(broker)), null);
    assertEquals(await readPieces(client), [PUBACK.toHex()]);
    // The broker has not closed its end, and need not.
    assert(isGone());
    broker.close();
    assert(isGone());
  });
}

Deno.test("FaultyWire that is silent takes everything, and tells neither end of the other", async () => {
  const { client, broker, isGone } = makeWire();
  broker.inflict({ silence: { from: "client", afterBytes: 0 } });
  const reading = read(client);
  const heard = read(broker);
  await client.write(PINGREQ);
  assertEquals(await broker.write(PUBACK), PUBACK.length);
  assert(await isPending(reading));
  assert(await isPending(heard));
  await broker.closeWrite();
  broker.close();
  await assertRejects(() => heard, Deno.errors.Interrupted);
  assert(await isPending(reading));
  assertEquals(isGone(), false);
  client.close();
  await assertRejects(() => reading);
  await settled();
  assert(isGone());
});

Deno.test("FaultyWire that is silent does not tell the broker that the client has gone", async () => {
  const { client, broker, isGone } = makeWire();
  broker.inflict({ silence: { from: "broker", afterBytes: 0 } });
  const heard = read(broker);
  client.close();
  assert(await isPending(heard));
  assert(isGone());
  broker.close();
  await assertRejects(() => heard, Deno.errors.Interrupted);
  assert(isGone());
});

Deno.test("FaultyWire end has a silent wire go, and what is slow arrive", async () => {
  const silent = makeWire();
  silent.broker.inflict({ silence: { from: "client", afterBytes: 0 } });
  const heard = read(silent.broker);
  heard.catch(() => {});
  silent.broker.end();
  assert(silent.isGone());
  await assertRejects(() => heard, Deno.errors.Interrupted);

  const slow = makeWire();
  slow.broker.inflict({ delayMs: 1_000 });
  await slow.broker.write(PUBACK);
  slow.broker.end();
  await slow.broker.write(PUBACK);
  await slow.broker.closeWrite();
  assertEquals(
    (await readPieces(slow.client)).join(""),
    PUBACK.toHex().repeat(2),
  );
  slow.broker.close();
  assert(slow.isGone());
  assertEquals(slow.clock.timers, 0);
});

Deno.test("FaultyWire that the broker closes still brings what is under way, until the broker ends", async () => {
  for (const isEnded of [false, true]) {
    const { clock, client, broker, isGone } = makeWire();
    broker.inflict({ delayMs: 1_000 });
    await broker.write(PUBACK);
    broker.close();
    await clock.advance(999);
    assertEquals(isGone(), false);
    if (isEnded) broker.end();
    else await clock.advance(1);
    assertEquals(await readPieces(client), isEnded ? [] : [PUBACK.toHex()]);
    assert(isGone());
    assertEquals(clock.timers, 0);
  }
});

Deno.test("FaultyWire splits what both ends read", async () => {
  const { client, broker } = makeWire();
  broker.inflict({ split: [1, 2] });
  await broker.write(PUBACK);
  await client.write(PUBACK);
  await broker.closeWrite();
  assertEquals(await readPieces(client), ["40", "0200", "01"]);
  await client.closeWrite?.();
  assertEquals(await readPieces(broker), ["40", "0200", "01"]);
  client.close();
  broker.close();
});

Deno.test("FaultyWire knows where packets begin that come behind what went through before the faults", async () => {
  const { client, broker } = makeWire();
  // Of each direction a packet is half there.
  await broker.write(PUBACK.subarray(0, 3));
  assertEquals(await read(client), "400200");
  await client.write(PUBACK.subarray(0, 1));
  assertEquals(await read(broker), "40");
  broker.inflict({
    drop: [
      { from: "client", packet: "puback" },
      { from: "broker", packet: "puback" },
    ],
  });
  await broker.write(PUBACK.subarray(3));
  await broker.write(PUBACK);
  await broker.write(PINGREQ);
  await broker.closeWrite();
  assertEquals((await readPieces(client)).join(""), "01c000");
  await client.write(PUBACK.subarray(1));
  await client.write(PUBACK);
  await client.write(PINGREQ);
  await client.closeWrite?.();
  assertEquals((await readPieces(broker)).join(""), "020001c000");
  client.close();
  broker.close();
});

Deno.test("FaultyWire knows where packets begin, whenever faults are set while one is being read", async () => {
  const publish = bytes("32 07 0001 61 0001 00 ff");
  for (let turns = 0; turns < 20; turns++) {
    const { client, broker } = makeWire();
    const pieces = readPieces(broker);
    await settled();
    void client.write(publish.subarray(0, 3));
    for (let turn = 0; turn < turns; turn++) await undefined;
    broker.inflict({ drop: { from: "client", packet: "publish" } });
    await client.write(publish.subarray(3));
    await client.write(publish);
    await client.write(publish);
    await client.closeWrite?.();
    // The first or the second of the three is lost: that one which began behind the faults.
    assertEquals((await pieces).join(""), publish.toHex().repeat(2));
    client.close();
    broker.close();
  }
});

Deno.test("FaultyWire holds no more than a wire does: who writes waits", async () => {
  const MIB = 1 << 20;
  const { client, broker } = makeWire();
  broker.inflict({});
  let written = 0;
  const writing = (async () => {
    for (; written < 8 * MIB; written += MIB) {
      for (let at = 0; at < MIB;) {
        at += await client.write(new Uint8Array(MIB - at));
      }
    }
    await client.closeWrite?.();
  })();
  assert(await isPending(writing));
  assert(written <= 3 * MIB, `${written} bytes are under way`);
  let size = 0;
  const into = new Uint8Array(MIB);
  for (let got = await broker.read(into); got !== null;) {
    size += got;
    got = await broker.read(into);
  }
  await writing;
  assertEquals(size, 8 * MIB);

  const sending = (async () => {
    for (let i = 0; i < 8; i++) await broker.write(new Uint8Array(MIB));
  })();
  assert(await isPending(sending));
  client.close();
  broker.close();
  await sending.catch(() => {});
});

Deno.test("FaultyWire without faults is the wire itself", async () => {
  const { client, broker, isGone } = makeWire();
  await client.write(PINGREQ);
  assertEquals(await read(broker), PINGREQ.toHex());
  await broker.write(PUBACK);
  await broker.closeWrite();
  assertEquals(await readPieces(client), [PUBACK.toHex()]);
  client.close();
  assertEquals(await read(broker), null);
  broker.close();
  assert(isGone());
  assertEquals(broker.inflict({}), false);
  assertEquals(broker.cut("fin"), false);
});
