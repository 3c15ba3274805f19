// What only a terminal shows: hostile characters made visible, and a password that is not.

import { assert, assertEquals, assertMatch } from "@std/assert";
import { listen, type Peer } from "./peer.ts";
import { Midge } from "./process.ts";

const CONNACK = [0x20, 0x03, 0x00, 0x00, 0x00];
const SUBACK = [0x90, 0x04, 0x00, 0x01, 0x00, 0x00];
const encoder = new TextEncoder();

/** PUBLISH, QoS 0, MQTT 5; 0x31 is retained. */
function publish(topicName: string, payload: string, header = 0x30): number[] {
  const topic = encoder.encode(topicName);
  const rest = [0, topic.length, ...topic, 0, ...encoder.encode(payload)];
  return [header, rest.length, ...rest];
}

const HOSTILE_TOPIC = "a\x1b]0;x\x07";
const HOSTILE_PAYLOAD = "\x1b[31mred\u202e\u009b2J\u2028 end";

/** A server that sends a message to whoever subscribes. */
function listenHostile(): Peer {
  const message = publish(HOSTILE_TOPIC, HOSTILE_PAYLOAD);
  return listen(({ type }) =>
    type === "connect"
      ? CONNACK
      : type === "subscribe"
      ? [...SUBACK, ...message]
      : undefined
  );
}

function terminalTest(name: string, run: () => Promise<void>): void {
  Deno.test({
    name,
    ignore: Deno.build.os !== "linux",
    timeout: 20_000,
    fn: run,
  });
}

const LOOKS: readonly (readonly [readonly string[], string])[] = [
  [[], "\\x1b[31mred\\u202e\\x9b2J\\u2028 end"],
  [["-v"], "a\\x1b]0;x\\x07 \\x1b[31mred\\u202e\\x9b2J\\u2028 end"],
  [["-F", "%t|%.8p"], "a\\x1b]0;x\\x07|\\x1b[31mred"],
  [
    ["--classic"],
    "Topic: a\\x1b]0;x\\x07, message: '\\x1b[31mred\\u202e\\x9b2J\\u2028 end'",
  ],
];

for (const [look, line] of LOOKS) {
  terminalTest(
    `subscribe ${
      look.join(" ")
    } shows hostile characters on a terminal, and obeys none`,
    async () => {
      await using peer = listenHostile();
      await using subscriber = new Midge(
        ["subscribe", "-t", "#", "-C", "1", "-p", `${peer.port}`, ...look],
        { terminal: true },
      );
      const { code, stdout } = await subscriber.ended();
      assertEquals({ code, stdout }, { code: 0, stdout: `${line}\r\n` });
    },
  );
}

for (const look of ["--json", "--pretty"]) {
  terminalTest(
    `subscribe ${look} obeys nothing on a terminal, and loses nothing`,
    async () => {
      await using peer = listenHostile();
      await using subscriber = new Midge(
        ["subscribe", "-t", "#", "-C", "1", "-p", `${peer.port}`, look],
        { terminal: true },
      );
      const { stdout } = await subscriber.ended();
      assertMatch(stdout, /^[\x20-\x7e\r\n]+$/);
      const { topic, payload } = JSON.parse(stdout);
      assertEquals([topic, payload], [HOSTILE_TOPIC, HOSTILE_PAYLOAD]);
    },
  );
}

terminalTest(
  "midge test shows hostile characters on a terminal, and obeys none",
  async () => {
    const messages = [
      ...publish(HOSTILE_TOPIC, HOSTILE_PAYLOAD),
      ...publish("a", "quit"),
    ];
    await using peer = listen(({ type }) =>
      type === "connect"
        ? CONNACK
        : type === "subscribe"
        ? [...SUBACK, ...messages]
        : undefined
    );
    await using tester = new Midge(
      ["test", "--quiet", "-s", "#", "-p", `${peer.port}`],
      { terminal: true },
    );
    const { code, stdout } = await tester.ended();
    assertEquals(code, 0);
    assertEquals(
      stdout,
      "Topic: a\\x1b]0;x\\x07, message: '\\x1b[31mred\\u202e\\x9b2J\\u2028 end'\r\n" +
        "Topic: a, message: 'quit'\r\n",
    );
  },
);

for (
  const [where, args, settings] of [
    ["in a pipe", [], {}],
    ["on a terminal with --raw", ["--raw"], { terminal: true }],
  ] as const
) {
  terminalTest(
    `subscribe leaves hostile characters alone ${where}`,
    async () => {
      await using peer = listenHostile();
      await using subscriber = new Midge(
        ["subscribe", "-t", "#", "-C", "1", "-p", `${peer.port}`, ...args],
        settings,
      );
      assertEquals(
        (await subscriber.ended()).stdout.trimEnd(),
        HOSTILE_PAYLOAD,
      );
    },
  );
}

for (const [answer, code] of [["y", 0], ["", 1], ["n", 1]] as const) {
  terminalTest(
    `subscribe --remove-retained asks on a terminal: "${answer}" ${
      code === 0 ? "clears" : "does not"
    }`,
    async () => {
      const cleared: string[] = [];
      await using peer = listen((packet) => {
        if (packet.type === "connect") return CONNACK;
        if (packet.type === "publish") {
          cleared.push(packet.topicName);
          return [0x40, 0x02, 0x00, packet.packetId];
        }
        return packet.type === "subscribe"
          ? [...SUBACK, ...publish("old", "x", 0x31)]
          : undefined;
      });
      await using subscriber = new Midge(
        [
          ...["subscribe", "-t", "#", "-C", "1", "--remove-retained"],
          ...["-p", `${peer.port}`],
        ],
        { terminal: true, stdin: "piped" },
      );
      await subscriber.stdout.until("Clear what is retained on #? [y/N] ");
      await subscriber.write(`${answer}\r`);
      assertEquals((await subscriber.ended()).code, code);
      assertEquals(cleared, code === 0 ? ["old"] : []);
    },
  );
}

terminalTest("--ask-password reads a password that is not shown", async () => {
  const passwords: string[] = [];
  await using peer = listen((packet) => {
    if (packet.type !== "connect") return undefined;
    passwords.push(new TextDecoder().decode(packet.password));
    return CONNACK;
  });
  await using publisher = new Midge(
    [
      ...["publish", "-t", "a", "-n", "-u", "alice", "--ask-password"],
      ...["-p", `${peer.port}`],
    ],
    { terminal: true, stdin: "piped" },
  );
  await publisher.stdout.until("Password: ");
  // A letter too many, and one of two bytes: both are taken back.
  await publisher.write("sx\x7fecrü\x7fet\r");
  const { code, stdout } = await publisher.ended();
  assertEquals(passwords, ["secret"]);
  assertEquals(code, 0);
  assert(!/s|e|c|r|t/.test(stdout.replace("Password: ", "")), stdout);
});

terminalTest(
  "Control-C ends a command that asks for the password",
  async () => {
    await using publisher = new Midge(
      ["publish", "-t", "a", "-n", "--ask-password"],
      { terminal: true, stdin: "piped" },
    );
    await publisher.stdout.until("Password: ");
    await publisher.write("se\x03");
    assertEquals((await publisher.ended()).code, 130);
  },
);

Deno.test("--ask-password without a terminal says what to try", async () => {
  await using publisher = new Midge([
    ...["publish", "-t", "a", "-n", "--ask-password"],
  ]);
  const { code, stderr } = await publisher.ended();
  assertEquals(code, 1);
  assertEquals(
    stderr,
    "midge: --ask-password needs a terminal on standard input. Try --password-file\n",
  );
});
