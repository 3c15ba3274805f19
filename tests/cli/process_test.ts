// The commands as processes, with a real broker and its own tools at the other end.

import { assert, assertEquals, assertMatch } from "@std/assert";
import { VERSION } from "../../src/version.ts";
import { mosquittoTest } from "../support/mosquitto_tests.ts";
import { mosquittoPub, mosquittoSub } from "../support/mosquitto_clients.ts";
import { type Ended, Midge, midge, subscribed } from "./process.ts";

const NAMES = { 3: "3.1", 4: "3.1.1", 5: "5" } as const;

for (const version of [3, 4, 5] as const) {
  const V = `-V ${NAMES[version]}`;
  const to = (port: number) => ["-p", `${port}`, "-V", NAMES[version]];

  mosquittoTest(
    `publish reaches mosquitto_sub at QoS 0, 1 and 2, ${V}`,
    async (broker) => {
      const topic = `cli/publish/${version}`;
      await using subscriber = await mosquittoSub(broker, version, {
        filters: [topic],
        qos: 2,
        count: 3,
        format: "%t %q %p",
      });
      for (const qos of ["0", "1", "2"]) {
        const { code, stderr } = await midge([
          ...["publish", ...to(broker.tcp)],
          ...["-t", topic, "-m", `at ${qos}`, "-q", qos],
        ]);
        assertEquals({ code, stderr }, { code: 0, stderr: "" });
      }
      assertEquals(await subscriber.lines(), [
        `${topic} 0 at 0`,
        `${topic} 1 at 1`,
        `${topic} 2 at 2`,
      ]);
    },
  );

  mosquittoTest(
    `subscribe -v prints what mosquitto_pub sends and ends after -C messages, ${V}`,
    async (broker) => {
      const topic = `cli/subscribe/${version}`;
      await using subscriber = await subscribed([
        ...to(broker.tcp),
        ...["-t", `${topic}/#`, "-q", "2", "-v", "-C", "3"],
      ]);
      for (const qos of ["0", "1", "2"]) {
        await mosquittoPub(broker, version, [
          ...["-t", `${topic}/${qos}`, "-q", qos, "-m", `at ${qos}`],
        ]);
      }
      const { code, stdout, stderr } = await subscriber.ended();
      assertEquals(code, 0);
      assertEquals(
        stdout,
        `${topic}/0 at 0\n${topic}/1 at 1\n${topic}/2 at 2\n`,
      );
      assertMatch(
        stderr,
        /sent PUBACK(.|\n)*sent PUBREC(.|\n)*sent DISCONNECT/,
      );
    },
  );

  mosquittoTest(
    `test publishes to test/1 and ends when quit comes on test/2, ${V}`,
    async (broker) => {
      const heard = await mosquittoSub(broker, 4, {
        filters: ["test/1"],
        count: 2,
      });
      await using subscriber = heard;
      await using tester = new Midge([
        ...["test", "127.0.0.1", "--interval", "50ms", ...to(broker.tcp)],
      ]);
      assertEquals(await subscriber.lines(), [
        "midge test message 1",
        "midge test message 2",
      ]);
      await mosquittoPub(broker, version, ["-t", "test/2", "-m", "go on"]);
      await tester.stdout.until("go on");
      await mosquittoPub(broker, version, ["-t", "test/2", "-m", "quit"]);
      const { code, stdout } = await tester.ended();
      assertEquals(code, 0);
      assertEquals(
        stdout,
        "Topic: test/2, message: 'go on'\nTopic: test/2, message: 'quit'\n",
      );
    },
  );
}

mosquittoTest(
  "publish reads a file, all of standard input, or nothing",
  async (broker) => {
    const port = ["-p", `${broker.tcp}`];
    await using subscriber = await mosquittoSub(broker, 5, {
      filters: ["cli/source"],
      count: 4,
      format: "%r %x",
    });
    const file = await Deno.makeTempFile();
    try {
      await Deno.writeFile(file, new Uint8Array([0x00, 0xff, 0x0a]));
      const publish = ["publish", ...port, "-t", "cli/source"];
      await midge([...publish, "-f", file]);
      await midge([...publish, "-s"], { stdin: " two\nlines\n" });
      await midge([...publish, "-f", "-"], { stdin: "" });
      await midge([...publish, "-n", "-r"]);
    } finally {
      await Deno.remove(file);
    }
    assertEquals(await subscriber.lines(), [
      "0 00ff0a",
      "0 2074776f0a6c696e65730a",
      "0 ",
      "0 ",
    ]);
  },
);

mosquittoTest(
  "publish -l sends each line as it comes, with its spaces, and a last one without line feed",
  async (broker) => {
    await using subscriber = await subscribed([
      ...["-p", `${broker.tcp}`, "-t", "cli/lines", "--json", "-C", "5"],
    ]);
    await using publisher = new Midge(
      ["publish", "-p", `${broker.tcp}`, "-t", "cli/lines", "-l", "-q", "1"],
      { stdin: "piped" },
    );
    await publisher.write("  one \nt");
    await subscriber.stdout.until('"  one "');
    await publisher.write("wo\n\n\tthree\r\nlast");
    await publisher.closeStdin();
    assertEquals((await publisher.ended()).code, 0);
    const { stdout } = await subscriber.ended();
    const payloads = stdout.trimEnd().split("\n")
      .map((line) => JSON.parse(line).payload);
    assertEquals(payloads, ["  one ", "two", null, "\tthree\r", "last"]);
  },
);

mosquittoTest(
  "publish -l loses none of 20,000 lines at QoS 1, and keeps their order",
  async (broker) => {
    const lines = Array.from({ length: 20_000 }, (_, i) => `line ${i}`);
    await using subscriber = await mosquittoSub(broker, 5, {
      ...{ filters: ["cli/many"], qos: 1, count: lines.length },
    });
    const { code } = await midge(
      ["publish", "-p", `${broker.tcp}`, "-t", "cli/many", "-l", "-q", "1"],
      { stdin: lines.join("\n") },
    );
    assertEquals(code, 0);
    assertEquals(firstDifference(await subscriber.lines(), lines), undefined);
  },
);

/** Where two lists of lines part, with a few lines of both: a whole list is too long to be told. */
function firstDifference(
  actual: readonly string[],
  expected: readonly string[],
): unknown {
  const at = expected.findIndex((line, index) => line !== actual[index]);
  if (at < 0) return undefined;
  return {
    at,
    count: actual.length,
    actual: actual.slice(at, at + 3),
    expected: expected.slice(at, at + 3),
  };
}

mosquittoTest(
  "subscribe --classic prints the old tool's line, --json loses no byte",
  async (broker) => {
    const args = ["-p", `${broker.tcp}`, "-t", "cli/forms", "-C", "2"];
    await using classic = await subscribed([...args, "--classic"]);
    await using json = await subscribed([...args, "--json"]);
    await midge([
      "pub",
      "-p",
      `${broker.tcp}`,
      "-t",
      "cli/forms",
      "-m",
      "hello",
    ]);
    await mosquittoPub(
      broker,
      5,
      ["-t", "cli/forms", "-s"],
      new Uint8Array([0x61, 0x00, 0xff]),
    );
    assertEquals(
      (await classic.ended()).stdout,
      "Topic: cli/forms, message: 'hello'\nTopic: cli/forms, message: 'a\x00\ufffd'\n",
    );
    const [text, bytes] = (await json.ended()).stdout.split("\n");
    assertEquals(withoutTime(text), {
      topic: "cli/forms",
      qos: 0,
      retain: 0,
      payloadlen: 5,
      payload: "hello",
    });
    assertEquals(withoutTime(bytes).payload_b64, "YQD/");
  },
);

function withoutTime(line = ""): Record<string, unknown> {
  const { tst, ...rest } = JSON.parse(line);
  assert(!Number.isNaN(Date.parse(tst)), tst);
  return rest;
}

mosquittoTest(
  "subscribe takes FILTER=QOS, several filters, and a topic in the URL",
  async (broker) => {
    await using subscriber = await subscribed([
      `mqtt://127.0.0.1:${broker.tcp}/cli/url/%2B`,
      ...["-t", "cli/a=1", "-t", "cli/b", "-q", "2", "-C", "3", "-v"],
    ]);
    await subscriber.stderr.until("received SUBACK id 2");
    for (const topic of ["cli/a", "cli/b", "cli/url/c"]) {
      await mosquittoPub(broker, 5, ["-t", topic, "-q", "2", "-m", "x"]);
    }
    const { stdout } = await subscriber.ended();
    assertEquals(stdout, "cli/a x\ncli/b x\ncli/url/c x\n");
  },
);

mosquittoTest(
  "subscribe -W ends with 27 when the time is over",
  async (broker) => {
    const { code, stdout } = await midge([
      ...["subscribe", "-p", `${broker.tcp}`, "-t", "cli/silence", "-W", "0.2"],
    ]);
    assertEquals({ code, stdout }, { code: 27, stdout: "" });
  },
);

/** Publishes until the command has ended: a read that is under way when its reader goes takes one message more. */
async function endedBy(
  publish: () => Promise<void>,
  running: Midge,
): Promise<Ended> {
  let isOver = false;
  const ended = running.ended().finally(() => isOver = true);
  while (!isOver) await publish();
  return await ended;
}

mosquittoTest(
  "subscribe prints each message as it comes, and ends with 0 when its reader has gone",
  async (broker) => {
    await using subscriber = await subscribed([
      ...["-p", `${broker.tcp}`, "-t", "cli/head"],
    ]);
    await mosquittoPub(broker, 5, ["-t", "cli/head", "-m", "first"]);
    await subscriber.stdout.until("first\n");
    await subscriber.stdout.close();
    const { code, stderr } = await endedBy(
      () => mosquittoPub(broker, 5, ["-t", "cli/head", "-m", "more"]),
      subscriber,
    );
    assertEquals(code, 0);
    assertMatch(stderr, /sent DISCONNECT/);
    assert(!stderr.includes("midge:"), stderr);
  },
);

mosquittoTest(
  "test prints each message as it comes, and ends with 0 when its reader has gone",
  async (broker) => {
    await using tester = new Midge(["test", "-d", "-p", `${broker.tcp}`]);
    await tester.stderr.until("received SUBACK");
    await mosquittoPub(broker, 5, ["-t", "test/2", "-m", "first"]);
    await tester.stdout.until("first");
    await tester.stdout.close();
    const { code, stderr } = await endedBy(
      () => mosquittoPub(broker, 5, ["-t", "test/2", "-m", "more"]),
      tester,
    );
    assertEquals(code, 0);
    assertMatch(stderr, /sent DISCONNECT/);
  },
);

mosquittoTest(
  "An error has its stack with -d, and the password is shown nowhere",
  async (broker) => {
    const publish = ["publish", "-p", `${broker.auth}`, "-t", "a", "-n"];
    const wrong = ["-u", "alice", "-P", "my secret"];
    const { stderr } = await midge([...publish, ...wrong, "-d"]);
    assertMatch(stderr, /sent CONNECT .*\n(.*\n)*midge: .*\n(.*\n)* +at /);
    assert(!stderr.includes("secret"), stderr);
  },
);

mosquittoTest(
  "A wrong password is told, with the code of CONNACK",
  async (broker) => {
    const publish = ["publish", "-p", `${broker.auth}`, "-t", "a", "-m", "b"];
    const wrong = ["-u", "alice", "-P", "wrong"];
    const at = `midge: localhost:${broker.auth} refused the connection:`;
    for (
      const [version, code] of [["5", 135], ["3.1.1", 5], ["3.1", 5]] as const
    ) {
      const ended = await midge([...publish, ...wrong, "-V", version]);
      assertEquals(
        ended.stderr,
        `${at} not authorized (${code}). Check -u and -P\n`,
      );
      assertEquals(ended.code, code);
    }
    const { code } = await midge([...publish, "-u", "alice", "-P", "secret"]);
    assertEquals(code, 0);
  },
);

mosquittoTest(
  "The password comes from a file or a variable as well",
  async (broker) => {
    const publish = [
      ...["publish", "-p", `${broker.auth}`, "-u", "alice", "-t", "a", "-n"],
    ];
    const file = await Deno.makeTempFile();
    try {
      await Deno.writeTextFile(file, "secret\nnot this\n");
      const { code } = await midge([...publish, "--password-file", file]);
      assertEquals(code, 0);
    } finally {
      await Deno.remove(file);
    }
    const env = { BROKER_SECRET: "secret", MIDGE_PASSWORD: "secret" };
    const byName = await midge(
      [...publish, "--password-env", "BROKER_SECRET"],
      { env },
    );
    assertEquals(byName.code, 0);
    assertEquals((await midge(publish, { env })).code, 0);
    assertEquals((await midge(publish)).code, 135);
  },
);

mosquittoTest(
  "MIDGE_ variables stand in for options only where they may be read",
  async (broker) => {
    const env = { MIDGE_PORT: `${broker.tcp}`, MIDGE_HOST: "127.0.0.1" };
    const net = `--allow-net=127.0.0.1:${broker.tcp}`;
    const publish = ["publish", "-t", "a", "-m", "b"];
    const read = await midge(publish, {
      env,
      permissions: [net, "--allow-env=MIDGE_PORT,MIDGE_HOST"],
    });
    assertEquals(read, { code: 0, signal: null, stdout: "", stderr: "" });
    const unread = await midge([...publish, "-h", "127.0.0.1", "-p", "1"], {
      env,
      permissions: ["--allow-net=127.0.0.1:1", "--no-prompt"],
    });
    assertEquals(unread.code, 1);
    assertMatch(unread.stderr, /^midge: cannot connect to 127.0.0.1:1: /);
    assert(!unread.stderr.includes("env"), unread.stderr);
  },
);

Deno.test("Wrong usage is told in one line and ends with 1", async () => {
  const wrong: readonly [readonly string[], RegExp][] = [
    [
      ["publish", "--topc", "a"],
      /^midge: unknown option --topc\. Did you mean --topic\?\n$/,
    ],
    [["publish", "-t", "a"], /^midge: publish needs a message: .*\n$/],
    [["publish", "-m", "a"], /^midge: publish needs a topic: -t TOPIC\n$/],
    [
      ["publish", "-t", "a", "-f", "/no/file"],
      /^midge: cannot read \/no\/file: .*\n$/,
    ],
    [["subscribe"], /^midge: subscribe needs a Topic Filter: -t FILTER\n$/],
    [
      ["subscribe", "-t", "a", "-c"],
      /^midge: --no-clean needs --client-id.*\n$/,
    ],
    [["pubish"], /^midge: unknown command pubish\. Did you mean publish\?\n$/],
    [["-t", "a"], /^midge: no command before -t\. .*\n$/],
    [
      ["publish", "-t", "a", "-n", "http://a"],
      /^midge: cannot connect to .*\n$/,
    ],
    [
      ["publish", "-t", "a", "-n", "--will-qos", "1"],
      /^midge: a will needs --will-topic\n$/,
    ],
  ];
  for (const [args, line] of wrong) {
    const { code, stdout, stderr } = await midge(args);
    assertMatch(stderr, line);
    assertEquals({ code, stdout }, { code: 1, stdout: "" });
  }
});

Deno.test("midge prints its version and its help, and alone its help with 1", async () => {
  for (const args of [["--version"], ["version"], ["publish", "--version"]]) {
    assertEquals(await midge(args), {
      code: 0,
      signal: null,
      stdout: `midge ${VERSION}\n`,
      stderr: "",
    });
  }
  const overview = await midge(["--help"]);
  assertEquals(overview.code, 0);
  assertMatch(overview.stdout, /Usage: midge <command>/);
  assertEquals((await midge(["help"])).stdout, overview.stdout);
  const alone = await midge([]);
  assertEquals(alone.code, 1);
  assertEquals(alone.stdout, "");
  assertEquals(alone.stderr, overview.stdout);
  const page = await midge(["help", "publish"]);
  assertMatch(page.stdout, /-t, --topic TOPIC .*\n(.|\n)*-L, --url URL /);
  for (const args of [["publish", "--help"], ["pub", "-h"], ["help", "pub"]]) {
    assertEquals((await midge(args)).stdout, page.stdout);
  }
});
