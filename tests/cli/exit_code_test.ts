// Each row of the table of exit codes, with servers that answer as the row wants it.

import { assertEquals, assertMatch } from "@std/assert";
import type { Packet, PacketTypeName } from "../../src/codec/packet.ts";
import { type Answer, listen } from "./peer.ts";
import { Midge, midge } from "./process.ts";

const CONNACK_5 = [0x20, 0x03, 0x00, 0x00, 0x00];
const CONNACK_311 = [0x20, 0x02, 0x00, 0x00];
const SUBACK_5 = [0x90, 0x04, 0x00, 0x01, 0x00, 0x00];
const DISCONNECT_8B = [0xe0, 0x01, 0x8b];
const PUBLISH = ["publish", "-t", "a", "-m", "b"];
const SUBSCRIBE = ["subscribe", "-t", "a"];
const TEST = ["test"];
/** What a loss ends; a single publish is so unasked. */
const SUBSCRIBE_ONCE = [...SUBSCRIBE, "--no-reconnect"];
const TEST_ONCE = [...TEST, "--no-reconnect"];
const TEST_NOTE =
  "midge: publishing to test/1; ends when quit is published to test/2";

/** Answers each type of packet with the bytes that stand under its name. */
type Script = Partial<Record<PacketTypeName, Answer>>;

interface Row {
  readonly code: number;
  readonly when: string;
  readonly args: readonly string[];
  readonly script: Script;
  /** What stands on stderr; `PORT` is that of the server. Nothing where it is left out. */
  readonly line?: string;
}

const ROWS: readonly Row[] = [
  {
    code: 0,
    when: "a message of QoS 0 is published",
    args: PUBLISH,
    script: { connect: CONNACK_5 },
  },
  {
    code: 0,
    when: "PUBACK says that nobody subscribes",
    args: [...PUBLISH, "-q", "1"],
    script: { connect: CONNACK_5, publish: [0x40, 0x03, 0x00, 0x01, 0x10] },
  },
  {
    code: 1,
    when: "CONNACK does not come in time",
    args: [...PUBLISH, "--connect-timeout", "0.2"],
    script: {},
    line:
      "midge: no CONNACK from localhost:PORT within 0.2 s (TCP connected). A TLS port? Try --tls",
  },
  {
    code: 149,
    when: "a message is larger than the server takes",
    args: ["publish", "-t", "a", "-m", "0123456789a"],
    // Maximum Packet Size is 16.
    script: {
      connect: [
        ...[0x20, 0x08, 0x00, 0x00, 0x05],
        ...[0x27, 0x00, 0x00, 0x00, 0x10],
      ],
    },
    line:
      'midge: cannot publish to "a": it makes a packet of 17 bytes, and the server takes at most 16',
  },
  ...[
    "identifier rejected",
    "server unavailable",
    "bad user name or password",
    "not authorized",
  ].map((why, index) => refused311(index + 2, why)),
  {
    code: 1,
    when: "the server speaks no version of MQTT that was asked for",
    args: [...PUBLISH, "-V", "3.1.1"],
    script: { connect: [0x20, 0x02, 0x00, 0x01] },
    line:
      "midge: localhost:PORT refused the connection: unacceptable protocol version (1). Try without -V",
  },
  {
    code: 1,
    when: "the server does not speak the version that an option needs",
    args: [...SUBSCRIBE, "-x", "1h"],
    script: { connect: [0x20, 0x02, 0x00, 0x01] },
    line:
      "midge: localhost:PORT refused the connection: unacceptable protocol version (1), and properties needs MQTT 5. Try without -x",
  },
  {
    code: 1,
    when: "the server speaks no version of MQTT",
    args: PUBLISH,
    script: { connect: [0x20, 0x02, 0x00, 0x01] },
    line:
      "midge: localhost:PORT refused the connection: unacceptable protocol version (1); tried MQTT 5, MQTT 3.1.1, MQTT 3.1",
  },
  {
    code: 7,
    when: "the server closes the connection of a subscriber",
    args: SUBSCRIBE_ONCE,
    script: { connect: CONNACK_5, subscribe: "close" },
    line:
      'midge: cannot subscribe to "a": the connection to localhost:PORT was lost: the server closed it',
  },
  {
    code: 7,
    when: "the server closes the connection while messages are awaited",
    args: SUBSCRIBE_ONCE,
    script: { connect: CONNACK_5, subscribe: { last: SUBACK_5 } },
    line:
      "midge: the connection to localhost:PORT was lost: the server closed it",
  },
  {
    code: 7,
    when: "the server closes the connection of midge test",
    args: TEST_ONCE,
    script: { connect: CONNACK_5, subscribe: SUBACK_5, publish: "close" },
    line:
      `${TEST_NOTE}\nmidge: the connection to localhost:PORT was lost: the server closed it`,
  },
  {
    code: 7,
    when: "a publish is refused under MQTT 3.1.1, which can only close",
    args: [...PUBLISH, "-q", "1", "-V", "3.1.1"],
    script: { connect: CONNACK_311, publish: "close" },
    line:
      'midge: cannot publish to "a": the connection to localhost:PORT was lost: the server closed it',
  },
  {
    code: 12,
    when: "SUBACK refuses under MQTT 3.1.1",
    args: [...SUBSCRIBE, "-V", "3.1.1"],
    script: {
      connect: CONNACK_311,
      subscribe: [0x90, 0x03, 0x00, 0x01, 0x80],
    },
    line:
      'midge: cannot subscribe to "a": the server refused, without saying why (128)',
  },
  {
    code: 12,
    when: "SUBACK refuses midge test under MQTT 3.1.1",
    args: [...TEST, "-V", "3.1.1", "--quiet"],
    script: {
      connect: CONNACK_311,
      subscribe: [0x90, 0x03, 0x00, 0x01, 0x80],
    },
  },
  {
    code: 27,
    when: "-W has run out",
    args: [...SUBSCRIBE, "-W", "0.1"],
    script: { connect: CONNACK_5, subscribe: SUBACK_5 },
  },
  {
    code: 27,
    when: "-W has run out and no SUBACK has come",
    args: [...SUBSCRIBE, "-W", "0.1", "-C", "1"],
    script: { connect: CONNACK_5 },
  },
  {
    code: 27,
    when: "--idle-timeout has run out",
    args: [...SUBSCRIBE, "--idle-timeout", "0.1", "-C", "1"],
    script: { connect: CONNACK_5, subscribe: SUBACK_5 },
  },
  ...[PUBLISH, SUBSCRIBE, TEST].map((args): Row => ({
    code: 134,
    when: `CONNACK carries Reason Code 0x86 for midge ${args[0]}`,
    args,
    script: { connect: [0x20, 0x03, 0x00, 0x86, 0x00] },
    line:
      "midge: localhost:PORT refused the connection: bad user name or password (134). Check -u and -P",
  })),
  {
    code: 135,
    when: "SUBACK carries Reason Code 0x87",
    args: SUBSCRIBE,
    script: {
      connect: CONNACK_5,
      subscribe: [0x90, 0x04, 0x00, 0x01, 0x00, 0x87],
    },
    line:
      'midge: cannot subscribe to "a": the server refused, not authorized (135)',
  },
  {
    code: 162,
    when: "SUBACK carries Reason Code 0xA2 for midge test",
    args: TEST,
    script: {
      connect: CONNACK_5,
      subscribe: [0x90, 0x04, 0x00, 0x01, 0x00, 0xa2],
    },
    line:
      `${TEST_NOTE}\nmidge: cannot subscribe to "test/2": the server refused, wildcard subscriptions not supported (162)`,
  },
  {
    code: 144,
    when: "PUBACK carries Reason Code 0x90",
    args: [...PUBLISH, "-q", "1"],
    script: { connect: CONNACK_5, publish: [0x40, 0x03, 0x00, 0x01, 0x90] },
    line:
      'midge: cannot publish to "a": the server refused it, topic name invalid (144)',
  },
  {
    code: 151,
    when: "PUBREC carries Reason Code 0x97, with words of the server",
    args: [...PUBLISH, "-q", "2"],
    script: {
      connect: CONNACK_5,
      // Reason String "\x1b[2J": escape sequences of a server are not obeyed.
      publish: [
        ...[0x50, 0x0b, 0x00, 0x01, 0x97, 0x07],
        ...[0x1f, 0x00, 0x04, 0x1b, 0x5b, 0x32, 0x4a],
      ],
    },
    line:
      'midge: cannot publish to "a": the server refused it, quota exceeded (151) "\\x1b[2J"',
  },
  {
    code: 139,
    when: "DISCONNECT carries Reason Code 0x8B in place of SUBACK",
    args: SUBSCRIBE_ONCE,
    script: { connect: CONNACK_5, subscribe: DISCONNECT_8B },
    line:
      'midge: cannot subscribe to "a": the connection to localhost:PORT was lost: the server ended it, server shutting down (139)',
  },
  {
    code: 139,
    when: "DISCONNECT carries Reason Code 0x8B behind SUBACK",
    args: SUBSCRIBE_ONCE,
    script: {
      connect: CONNACK_5,
      subscribe: [...SUBACK_5, ...DISCONNECT_8B],
    },
    line:
      "midge: the connection to localhost:PORT was lost: the server ended it, server shutting down (139)",
  },
  {
    code: 139,
    when: "DISCONNECT carries Reason Code 0x8B in place of PUBACK",
    args: [...PUBLISH, "-q", "1"],
    script: { connect: CONNACK_5, publish: DISCONNECT_8B },
    line:
      'midge: cannot publish to "a": the connection to localhost:PORT was lost: the server ended it, server shutting down (139)',
  },
  {
    code: 139,
    when: "DISCONNECT carries Reason Code 0x8B for midge test",
    args: TEST_ONCE,
    script: {
      connect: CONNACK_5,
      subscribe: SUBACK_5,
      publish: DISCONNECT_8B,
    },
    line:
      `${TEST_NOTE}\nmidge: the connection to localhost:PORT was lost: the server ended it, server shutting down (139)`,
  },
];

function refused311(code: number, why: string): Row {
  const hint = code === 2
    ? ". Check -i"
    : code === 3
    ? ""
    : ". Check -u and -P";
  return {
    code,
    when: `a 3.1.1 CONNACK carries return code ${code}`,
    args: [...PUBLISH, "-V", "3.1.1"],
    script: { connect: [0x20, 0x02, 0x00, code] },
    line:
      `midge: localhost:PORT refused the connection: ${why} (${code})${hint}`,
  };
}

for (const { code, when, args, script, line } of ROWS) {
  Deno.test(`Exit code ${code}: ${when}`, async () => {
    await using peer = listen((packet: Packet) => script[packet.type]);
    const ended = await midge([...args, "-p", `${peer.port}`]);
    assertEquals(
      ended.stderr,
      line === undefined ? "" : `${line.replace("PORT", `${peer.port}`)}\n`,
    );
    assertEquals(ended.code, code);
    assertEquals(ended.stdout, "");
  });
}

Deno.test("Exit code 19: the server does not answer PINGREQ", async () => {
  await using peer = listen(({ type }) =>
    type === "connect" ? CONNACK_5 : type === "subscribe" ? SUBACK_5 : undefined
  );
  const { code, stderr } = await midge([
    ...[...SUBSCRIBE_ONCE, "-k", "1", "-p", `${peer.port}`],
  ]);
  assertMatch(
    stderr,
    /^midge: the connection to localhost:\d+ was lost: .*\n$/,
  );
  assertEquals(code, 19);
});

for (const [signal, code] of [["SIGINT", 130], ["SIGTERM", 143]] as const) {
  Deno.test(`Exit code ${code}: ${signal} comes while PUBACK is awaited`, async () => {
    await using peer = listen(({ type }) =>
      type === "connect" ? CONNACK_5 : undefined
    );
    await using publisher = new Midge([
      ...[...PUBLISH, "-d", "-q", "1", "-p", `${peer.port}`],
    ]);
    await publisher.stderr.until("sent PUBLISH");
    publisher.kill(signal);
    const ended = await publisher.ended();
    assertEquals({ code: ended.code, signal: ended.signal }, { code, signal });
    assertMatch(ended.stderr, /sent DISCONNECT/);
  });
}
