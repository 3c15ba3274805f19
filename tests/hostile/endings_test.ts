// The ways in which a server may end a connection, or not begin one: each Reason Code that it may give
// reaches the program, all that waits settles, and nothing is said back.

import { assertEquals, assertInstanceOf, assertRejects } from "@std/assert";
import { connect, ConnectError, ConnectionLostError } from "../../mod.ts";
import type { ProtocolVersion } from "../../src/codec/packet.ts";
import { ALL, bytesOf } from "../codec/golden.ts";
import { CONNACK, playAll } from "./play.ts";
import { Listener } from "./server.ts";
import { assertAllSettled, beginWork } from "./work.ts";

/** What a CONNACK may refuse with (3.2.2.2; in MQTT 3.1.1, 3.2.2.3). */
const REFUSALS = {
  3: "01 02 03 04 05",
  4: "01 02 03 04 05",
  5: "80 81 82 83 84 85 86 87 88 89 8a 8c 90 95 97 99 9a 9b 9c 9d 9f",
} as const satisfies Record<ProtocolVersion, string>;

/** What a server's DISCONNECT may say (3.14.2.1). */
const REASONS =
  "80 81 82 83 87 89 8b 8d 8e 8f 90 93 94 95 96 97 98 99 9a 9b 9c 9d 9e 9f a0 a1 a2";

/** Forms of a DISCONNECT: the bytes, with an X where the Reason Code stands, and the Reason String. */
const FORMS: readonly (readonly [bytes: string, reasonString?: string])[] = [
  ["e0 01 X"],
  ["e0 02 X 00"],
  ["e0 07 X 05 1f 00 02 6e 6f", "no"],
  ["e0 0e X 0c 26 00 01 61 00 01 62 1f 00 02 6e 6f", "no"],
];

for (const version of ALL) {
  Deno.test(`connect rejects with each code that CONNACK may refuse with, version ${version}`, async () => {
    const rows = [...bytesOf(REFUSALS[version])]
      .map((code) => ({ version, code }));
    await playAll(rows, refuse);
  });

  Deno.test(`Client ends where the server closes in the middle of a packet, version ${version}`, async () => {
    const rows = ["30", "30 05", "30 05 00 01", "32 ff ff ff 7f 00 01 61 00"]
      .map((bytes) => ({ version, bytes }));
    await playAll(rows, cut);
  });
}

Deno.test("Client ends with each Reason Code that a server's DISCONNECT may have, in each form", async () => {
  const rows = [...bytesOf(REASONS)].flatMap((code) =>
    FORMS.map(([bytes, reasonString]) => ({
      version: 5 as const,
      code,
      bytes: bytes.replace("X", code.toString(16)),
      reasonString,
    }))
  );
  await playAll(rows, disconnect);
});

async function refuse(
  { version, code }: { version: ProtocolVersion; code: number },
): Promise<void> {
  using listener = new Listener();
  const connecting = connect(`mqtt://127.0.0.1:${listener.port}`, {
    protocolVersion: version,
    reconnect: false,
  });
  connecting.catch(() => {});
  const server = await listener.accept();
  await server.take(1); // CONNECT
  await server.send(
    version === 5 ? "20 03 00" : "20 02 00",
    code.toString(16).padStart(2, "0"),
    version === 5 ? "00" : "",
  );
  assertEquals(await server.rest(), "");
  const error = await assertRejects(() => connecting, ConnectError);
  assertEquals(error.reasonCode, code);
}

async function disconnect(
  { version, code, bytes, reasonString }: {
    version: 5;
    code: number;
    bytes: string;
    reasonString: string | undefined;
  },
): Promise<void> {
  using listener = new Listener();
  const connecting = connect(`mqtt://127.0.0.1:${listener.port}`, {
    protocolVersion: version,
    reconnect: false,
    ack: "manual",
  });
  const server = await listener.accept();
  await server.take(1);
  await server.send(CONNACK[version]);
  const client = await connecting;
  const work = await beginWork(client, server, version);
  // What stands behind a DISCONNECT is not looked at.
  await server.send(bytes, "40 02 00 01");
  const error = await client.closed;
  assertInstanceOf(error, ConnectionLostError);
  assertEquals([error.reasonCode, error.reasonString], [code, reasonString]);
  await assertAllSettled(work);
  assertEquals(await server.rest(), "");
}

async function cut(
  { version, bytes }: { version: ProtocolVersion; bytes: string },
): Promise<void> {
  using listener = new Listener();
  const connecting = connect(`mqtt://127.0.0.1:${listener.port}`, {
    protocolVersion: version,
    reconnect: false,
    ack: "manual",
  });
  const server = await listener.accept();
  await server.take(1);
  await server.send(CONNACK[version]);
  const client = await connecting;
  const work = await beginWork(client, server, version);
  await server.send(bytes);
  await server.end();
  const error = await client.closed;
  assertInstanceOf(error, ConnectionLostError);
  assertEquals(error.cause, undefined);
  await assertAllSettled(work);
  assertEquals(await server.rest(), "");
}
