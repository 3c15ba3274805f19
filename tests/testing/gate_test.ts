// The gate of a wire with faults, fed in blocks of every size: what gets through, and where it stops.

import { assertEquals } from "@std/assert";
import { Gate } from "../../src/testing/gate.ts";
import type { WireEnd, WireFaults } from "../../src/testing/wire_faults.ts";
import { bytes } from "../broker/raw_client.ts";

/** PUBLISH of QoS 1 to `a` with a payload of 200 bytes: its Remaining Length has two bytes. */
const LONG = "32 cd 01 00 01 61 00 01" + "31".repeat(200);
const SHORT = "32 06 00 01 61 00 02 31";
const PINGREQ = "c0 00";
const DISCONNECT = "e0 00";

/** What a gate makes of bytes that come in blocks of a size: those that get through, and what stops them. */
function feed(
  text: string,
  size: number,
  faults: WireFaults,
  from: WireEnd = "client",
): [string, string | undefined] {
  const gate = new Gate(from);
  gate.set(faults);
  const stream = bytes(text);
  let through = "";
  for (let at = 0; at < stream.length; at += size) {
    const passage = gate.pass(stream.subarray(at, at + size));
    for (const part of passage.through) through += part.toHex();
    if (passage.stop) return [through, passage.stop.fault];
  }
  return [through, undefined];
}

function hex(text: string): string {
  return bytes(text).toHex();
}

for (const size of [1, 2, 3, 7, 1_000]) {
  const stream = LONG + PINGREQ + SHORT + DISCONNECT;

  Deno.test(`Gate lets all through that no fault is for, in blocks of ${size}`, () => {
    for (
      const faults of [
        {},
        { cut: { from: "broker", afterBytes: 0 } },
        { cut: { from: "client", after: "publish", nth: 3 } },
        { drop: { from: "client", packet: "puback" } },
      ] as const
    ) assertEquals(feed(stream, size, faults), [hex(stream), undefined]);
  });

  Deno.test(`Gate drops the packets that are chosen, in blocks of ${size}`, () => {
    const from = "client";
    assertEquals(
      feed(stream, size, { drop: { from, packet: "publish" } }),
      [hex(PINGREQ + SHORT + DISCONNECT), undefined],
    );
    const drop = [
      { from, packet: "publish", nth: 2 },
      { from, packet: "pingreq" },
    ] as const;
    assertEquals(
      feed(stream, size, { drop }),
      [hex(LONG + DISCONNECT), undefined],
    );
  });

  Deno.test(`Gate stops before and behind packets, in blocks of ${size}`, () => {
    const from = "client";
    assertEquals(
      feed(stream, size, { cut: { from, before: "pingreq" } }),
      [hex(LONG), "reset"],
    );
    assertEquals(
      feed(stream, size, { cut: { from, after: "pingreq", how: "fin" } }),
      [hex(LONG + PINGREQ), "fin"],
    );
    assertEquals(
      feed(stream, size, { silence: { from, before: "publish", nth: 2 } }),
      [hex(LONG + PINGREQ), "silence"],
    );
    assertEquals(
      feed(stream, size, {
        drop: { from, packet: "publish", nth: 2 },
        cut: { from, after: "publish", nth: 2 },
      }),
      [hex(LONG + PINGREQ), "reset"],
    );
  });

  Deno.test(`Gate stops behind so many bytes, in blocks of ${size}`, () => {
    const whole = hex(stream);
    for (const afterBytes of [1, 6, 7, 208, 209, whole.length / 2]) {
      assertEquals(
        feed(stream, size, { cut: { from: "client", afterBytes } }),
        [whole.slice(0, 2 * afterBytes), "reset"],
      );
    }
  });
}

Deno.test("Gate stops at what comes first", () => {
  const cut = { from: "client", after: "pingreq" } as const;
  const silence = { from: "client", afterBytes: 3 } as const;
  assertEquals(feed(PINGREQ + PINGREQ, 10, { cut, silence }), [
    hex(PINGREQ),
    "reset",
  ]);
  assertEquals(feed(LONG, 10, { cut, silence }), ["32cd01", "silence"]);
  const later = { from: "client", afterBytes: 4 } as const;
  assertEquals(feed(LONG, 10, { cut: later, silence }), ["32cd01", "silence"]);
});

Deno.test("Gate knows where a packet begins that comes behind others that it let through", () => {
  const gate = new Gate("client");
  // The end of a packet is still to come when the faults are set.
  gate.follow(bytes(PINGREQ + SHORT.slice(0, 8)));
  gate.set({ drop: { from: "client", packet: "publish" } });
  const { through } = gate.pass(bytes(SHORT.slice(8) + SHORT + PINGREQ));
  assertEquals(
    through.map((part) => part.toHex()),
    [hex(SHORT.slice(8)), hex(PINGREQ)],
  );
});

Deno.test("Gate counts from when its faults are set", () => {
  const gate = new Gate("client");
  gate.pass(bytes(PINGREQ));
  gate.set({ cut: { from: "client", before: "pingreq", nth: 2 } });
  assertEquals(gate.pass(bytes(PINGREQ)).stop, undefined);
  assertEquals(gate.pass(bytes(PINGREQ)).stop?.fault, "reset");
  gate.set({ cut: { from: "client", afterBytes: 2 } });
  assertEquals(gate.pass(bytes(PINGREQ)).through.length, 1);
});
