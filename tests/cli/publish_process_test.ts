// What publish sends, as mosquitto_sub gets it.

import { assertEquals, assertMatch } from "@std/assert";
import { mosquittoTest } from "../support/mosquitto_tests.ts";
import { mosquittoSub } from "../support/mosquitto_clients.ts";
import { midge, subscribed } from "./process.ts";

mosquittoTest(
  "publish -D and --user-property give properties, several -t several topics",
  async (broker) => {
    await using subscriber = await mosquittoSub(broker, 5, {
      filters: ["cli/properties/#"],
      count: 2,
      format: "%t|%C|%P|%R|%D|%F",
    });
    const { code } = await midge([
      ...["publish", "-p", `${broker.tcp}`, "-m", "x"],
      ...["-t", "cli/properties/a", "-t", "cli/properties/b"],
      ...["-D", "publish", "content-type", "text/plain"],
      ...["-D", "PUBLISH correlation-data x y"],
      ...["--property=publish response-topic r"],
      ...["-D", "publish", "payload-format-indicator", "1"],
      ...["--user-property", "k=v", "--user-property", "k=w"],
      ...["-D", "publish", "user-property", "a b", "c"],
    ]);
    assertEquals(code, 0);
    assertEquals(
      await subscriber.lines(),
      ["a", "b"].map((name) =>
        `cli/properties/${name}|text/plain|k:v k:w a b:c|r|x y|1`
      ),
    );
  },
);

mosquittoTest(
  "publish --repeat sends a message N times, --interval apart",
  async (broker) => {
    await using subscriber = await mosquittoSub(broker, 5, {
      filters: ["cli/repeat"],
      count: 4,
    });
    const publish = ["publish", "-p", `${broker.tcp}`, "-t", "cli/repeat"];
    await midge([...publish, "-m", "one", "--repeat", "2", "-q", "1"]);
    const begin = performance.now();
    await midge([
      ...[...publish, "-m", "two", "--repeat", "2", "--repeat-delay", "0.3"],
    ]);
    assertEquals(performance.now() - begin >= 300, true);
    assertEquals(await subscriber.lines(), ["one", "one", "two", "two"]);
  },
);

mosquittoTest(
  "publish -0 takes what stands between NUL bytes",
  async (broker) => {
    await using subscriber = await mosquittoSub(broker, 5, {
      filters: ["cli/nul"],
      count: 2,
      format: "%x",
    });
    await midge(["publish", "-p", `${broker.tcp}`, "-t", "cli/nul", "-0"], {
      stdin: "a\nb\0c",
    });
    assertEquals(await subscriber.lines(), ["610a62", "63"]);
  },
);

mosquittoTest(
  "publish --jsonl sends again what subscribe --json has written",
  async (broker) => {
    const format = "%t|%q|%r|%x|%C|%P|%D";
    const port = ["-p", `${broker.tcp}`];
    const replay = ["cli/replay/#"];
    await using recorder = await subscribed([
      ...[...port, "-t", "cli/record/#", "-q", "2", "-C", "2", "--json"],
    ]);
    await midge([
      ...[
        "publish",
        ...port,
        "-t",
        "cli/record/text",
        "-m",
        "héllo\n",
        "-q",
        "2",
      ],
      ...["-D", "publish", "content-type", "text/plain"],
      ...["--user-property", "k=1", "--user-property", "k=2"],
    ]);
    await midge(["publish", ...port, "-t", "cli/record/bytes", "-s"], {
      stdin: "\0\x1b",
    });
    const { stdout } = await recorder.ended();
    await using subscriber = await mosquittoSub(broker, 5, {
      ...{ filters: replay, qos: 2, count: 2, format },
    });
    const again = await midge(["publish", ...port, "--jsonl"], {
      stdin: stdout.replaceAll("cli/record", "cli/replay"),
    });
    assertEquals({ code: again.code, stderr: again.stderr }, {
      code: 0,
      stderr: "",
    });
    // Between messages of different QoS there is no order.
    assertEquals((await subscriber.lines()).sort(), [
      "cli/replay/bytes|0|0|001b|||",
      "cli/replay/text|2|0|68c3a96c6c6f0a|text/plain|k:1 k:2|",
    ]);
  },
);

mosquittoTest(
  "publish --jsonl names the line that is wrong, and sends those before it",
  async (broker) => {
    await using subscriber = await mosquittoSub(broker, 5, {
      filters: ["cli/wrong"],
      count: 1,
    });
    const { code, stderr } = await midge(
      ["publish", "-p", `${broker.tcp}`, "--jsonl", "-q", "1"],
      { stdin: '{"topic":"cli/wrong","payload":"first"}\nhello\n' },
    );
    assertEquals(code, 1);
    assertEquals(
      stderr,
      "midge: line 2 of standard input: this is no JSON object\n",
    );
    assertEquals(await subscriber.lines(), ["first"]);
  },
);

mosquittoTest("publish --quiet leaves it to the exit code", async (broker) => {
  const publish = ["publish", "-p", `${broker.auth}`, "-t", "a", "-n"];
  const { code, stderr } = await midge([...publish, "--quiet"]);
  assertEquals({ code, stderr }, { code: 135, stderr: "" });
  assertMatch((await midge(publish)).stderr, /^midge: .*\n$/);
});
