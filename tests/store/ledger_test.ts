// What the records of a session make of a store: keys, and the bytes of each value, which later versions
// must read.

import { assertEquals } from "@std/assert";
import type { StoreRecord } from "../../src/session/record.ts";
import { renewalAt } from "../../src/store/binding.ts";
import { Ledger } from "../../src/store/ledger.ts";
import { accepted, WALL_AHEAD } from "./history.ts";

const BINDING = {
  clientId: "me",
  server: "mqtts://example:8883",
  protocolVersion: 5,
  sessionExpiryInterval: 300,
  keepAlive: 60,
  seenAt: 1_700_000_000_000,
} as const;

/** The changes of one turn, as `key` for a removal or `key: bytes`. */
function changes(ledger: Ledger, ...records: StoreRecord[]): string[] {
  ledger.record(records, WALL_AHEAD);
  return taken(ledger);
}

function taken(ledger: Ledger): string[] {
  return ledger.take().map(({ key, value }) =>
    value === undefined ? `${key}` : `${key}: ${hex(value)}`.trim()
  );
}

function hex(bytes: Uint8Array): string {
  return Array.from(bytes, (byte) => byte.toString(16).padStart(2, "0"))
    .join(" ");
}

Deno.test("Ledger keeps a message as its PUBLISH of MQTT 5, whatever is spoken", () => {
  const record = accepted(5, 1, { topicName: "a", payload: "hi" });
  assertEquals(changes(new Ledger(), record), [
    [
      "131077: 00", // it does not expire
      "32 08", // PUBLISH of QoS 1
      "00 01 61", // the Topic Name
      "00 01", // the place of a packet id
      "00", // no properties
      "68 69",
    ].join(" "),
  ]);
});

Deno.test("Ledger keeps when a message expires by the wall clock", () => {
  const record = accepted(1, 2, {
    topicName: "a",
    payload: "",
    retain: true,
    properties: { messageExpiryInterval: 60 },
    expiresAt: 3_600_000.25,
  });
  assertEquals(changes(new Ledger(), record), [
    [
      "131073: 01",
      "00 00 01 8b d0 1c 56 81", // 1,700,003,600,001
      "35 0b", // PUBLISH of QoS 2, RETAIN
      "00 01 61 00 01",
      "05 02 00 00 00 3c", // Message Expiry Interval
    ].join(" "),
  ]);
});

Deno.test("Ledger keeps a flight of QoS 1 under its packet id until it is settled", () => {
  const ledger = new Ledger();
  changes(ledger, accepted(300));
  assertEquals(changes(ledger, { type: "sent", order: 300, packetId: 7 }), [
    "65543: 00 00 00 00 00 00 01 2c 00 00 00 00 00 00 00 00",
  ]);
  assertEquals(changes(ledger, { type: "settled", order: 300 }), [
    "131372",
    "65543",
  ]);
});

Deno.test("Ledger keeps of a flight of QoS 2 after PUBREC its packet id, and when PUBREC came", () => {
  const ledger = new Ledger();
  changes(
    ledger,
    accepted(1, 2),
    accepted(2, 2),
    { type: "sent", order: 1, packetId: 7 },
    { type: "sent", order: 2, packetId: 8 },
  );
  assertEquals(
    changes(
      ledger,
      { type: "released", order: 2 },
      { type: "released", order: 1 },
    ),
    [
      "65544: 00 00 00 00 00 00 00 02 00 00 00 00 00 00 00 01",
      "131074",
      "65543: 00 00 00 00 00 00 00 01 00 00 00 00 00 00 00 02",
      "131073",
    ],
  );
  assertEquals(changes(ledger, { type: "settled", order: 2 }), ["65544"]);
});

Deno.test("Ledger keeps owned packet ids", () => {
  const ledger = new Ledger();
  const owned = { type: "owned", packetId: 65_535 } as const;
  assertEquals(changes(ledger, owned), ["65535:"]);
  const completed = { type: "completed", packetId: 65_535 } as const;
  assertEquals(changes(ledger, completed), ["65535"]);
});

Deno.test("Ledger forgets with a lost session what belonged to it, flights last, and a flight with the same packet id stays", () => {
  const ledger = new Ledger();
  changes(
    ledger,
    accepted(1, 1),
    accepted(2, 2),
    { type: "sent", order: 1, packetId: 1 },
    { type: "sent", order: 2, packetId: 2 },
    { type: "owned", packetId: 9 },
  );
  assertEquals(
    changes(
      ledger,
      { type: "session-lost" },
      { type: "settled", order: 2 },
      { type: "sent", order: 1, packetId: 2 },
    ),
    [
      "9",
      "131074",
      "65538: 00 00 00 00 00 00 00 01 00 00 00 00 00 00 00 00",
      "65537",
    ],
  );
  assertEquals(changes(ledger, { type: "settled", order: 1 }), [
    "131073",
    "65538",
  ]);
});

Deno.test("Ledger keeps nothing of a message that is withdrawn", () => {
  const ledger = new Ledger();
  changes(ledger, accepted(1), { type: "sent", order: 1, packetId: 4 });
  ledger.withdraw(1);
  assertEquals(taken(ledger), ["131073", "65540"]);
});

Deno.test("Ledger keeps whose session it is, in words", () => {
  const ledger = new Ledger();
  ledger.bind(BINDING);
  const [change] = ledger.take();
  assertEquals(change?.key, 0);
  assertEquals(
    new TextDecoder().decode(change?.value),
    '{"format":2,"clientId":"me","server":"mqtts://example:8883","protocolVersion":5,"sessionExpiryInterval":300,"keepAlive":60,"seenAt":1700000000000}',
  );
});

Deno.test("Ledger keeps a checkpoint before the PUBLISH of its message, and under its own key before that is removed", () => {
  const ledger = new Ledger();
  const record = accepted(5, 1, {
    topicName: "a",
    payload: "",
    checkpoint: "é7",
  });
  assertEquals(changes(ledger, record), [
    "131077: 02 00 03 c3 a9 37 32 06 00 01 61 00 01 00",
  ]);
  assertEquals(changes(ledger, { type: "settled", order: 5 }), [
    "65536: 00 00 00 00 00 00 00 05 00 03 c3 a9 37",
    "131077",
  ]);
});

Deno.test("Ledger keeps no checkpoint of a message that is removed where a later one has another", () => {
  const ledger = new Ledger();
  changes(
    ledger,
    accepted(1, 1, { checkpoint: "1" }),
    accepted(2, 1, { checkpoint: "2" }),
    accepted(3),
  );
  ledger.kept();
  assertEquals(changes(ledger, { type: "settled", order: 1 }), ["131073"]);
  assertEquals(changes(ledger, { type: "settled", order: 3 }), ["131075"]);
  assertEquals(changes(ledger, { type: "settled", order: 2 }), [
    "65536: 00 00 00 00 00 00 00 02 00 01 32",
    "131074",
  ]);
});

Deno.test("Ledger keeps a checkpoint that comes with no message, and that there is none any more", () => {
  const ledger = new Ledger();
  changes(ledger, accepted(1, 1, { checkpoint: "1" }));
  assertEquals(changes(ledger, { type: "checkpoint", checkpoint: "" }), [
    "65536: 00 00 00 00 00 00 00 01 00 00",
  ]);
  assertEquals(changes(ledger, { type: "checkpoint", checkpoint: undefined }), [
    "65536: 00 00 00 00 00 00 00 01",
  ]);
});

Deno.test("Ledger gives its changes once, and their bytes until it is asked again", () => {
  const ledger = new Ledger();
  assertEquals(ledger.hasChanges, false);
  assertEquals(ledger.take(), []);
  ledger.record([accepted(1)], 0);
  assertEquals(ledger.hasChanges, true);
  const [first] = ledger.take();
  const before = first?.value?.slice();
  assertEquals(ledger.hasChanges, false);
  ledger.record([accepted(2), accepted(3)], 0);
  assertEquals(first?.value, before);
  assertEquals(ledger.take().map(({ key }) => key), [131_074, 131_075]);
});

Deno.test("renewalAt() gives half of the Session Expiry Interval, and never for one that has no end", () => {
  assertEquals(renewalAt(BINDING), BINDING.seenAt + 150_000);
  const endless = { ...BINDING, sessionExpiryInterval: 0xFFFFFFFF };
  assertEquals(renewalAt(endless), Infinity);
});
