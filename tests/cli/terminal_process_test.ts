// What only a terminal shows: hostile characters made visible, and a password that is not.

import { assert, assertEquals } from "@std/assert";
import { listen } from "./peer.ts";
import { Midge } from "./process.ts";

const CONNACK = [0x20, 0x03, 0x00, 0x00, 0x00];
const SUBACK = [0x90, 0x04, 0x00, 0x01, 0x00, 0x00];
const encoder = new TextEncoder();

/** PUBLISH, QoS 0, MQTT 5. */
function publish(topicName: string, payload: string): number[] {
  const topic = encoder.encode(topicName);
  const rest = [0, topic.length, ...topic, 0, ...encoder.encode(payload)];
  return [0x30, rest.length, ...rest];
}

function terminalTest(name: string, run: () => Promise<void>): void {
  Deno.test({
    name,
    ignore: Deno.build.os !== "linux",
    timeout: 20_000,
    fn: run,
  });
}

terminalTest(
  "subscribe shows hostile characters on a terminal, and obeys none",
  async () => {
    const hostile = publish("a\x1b]0;x\x07", "\x1b[31mred\u202e\u009b2J end");
    await using peer = listen(({ type }) =>
      type === "connect"
        ? CONNACK
        : type === "subscribe"
        ? [...SUBACK, ...hostile]
        : undefined
    );
    await using subscriber = new Midge(
      ["subscribe", "-v", "-t", "#", "-C", "1", "-p", `${peer.port}`],
      { terminal: true },
    );
    const { code, stdout } = await subscriber.ended();
    assertEquals(
      stdout,
      "a\\x1b]0;x\\x07 \\x1b[31mred\\u202e\\x9b2J end\r\n",
    );
    assertEquals(code, 0);
  },
);

terminalTest(
  "subscribe leaves hostile characters alone in a pipe",
  async () => {
    await using peer = listen(({ type }) =>
      type === "connect"
        ? CONNACK
        : type === "subscribe"
        ? [...SUBACK, ...publish("a", "\x1b[31m\u202e")]
        : undefined
    );
    await using subscriber = new Midge([
      ...["subscribe", "-t", "#", "-C", "1", "-p", `${peer.port}`],
    ]);
    assertEquals((await subscriber.ended()).stdout, "\x1b[31m\u202e\n");
  },
);

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
