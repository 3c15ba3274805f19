// publish --store: killed at any moment and run again, each line arrives, and at QoS 2 once.

import { assertEquals, assertMatch } from "@std/assert";
import { connect } from "../../mod.ts";
import { address, mosquittoTest } from "../support/mosquitto_tests.ts";
import { Midge, midge } from "./process.ts";
import { Collector, numbered, StoreFile, Way } from "./stored.ts";

// What comes to the client, by the first four bits of the packet (2.1.2).
const PUBREC = { type: 5 };
const PUBCOMP = { type: 7 };

/** When this comes, 20 messages have been taken. */
const LAST = { ...PUBREC, count: 20 };

mosquittoTest(
  "publish -l --store goes on where it was killed and says so, and begins anew when it has come to the end",
  async (broker) => {
    await using file = new StoreFile();
    await using collector = await Collector.start(broker.tcp, "cli/kept");
    using way = new Way(broker.tcp);
    const command = [
      ...["publish", "-p", way.port, "-t", "cli/kept", "-q", "2", "-l"],
      ...["--store", file.path],
    ];
    const lines = numbered(3_000);
    const stdin = lines.join("\n");
    for (const count of [1, 700]) {
      const trigger = { ...PUBREC, count };
      const { signal } = await way.killed(trigger, command, { stdin });
      assertEquals(signal, "SIGKILL");
    }
    const { code, stderr } = await midge(command, { stdin });
    assertEquals(code, 0, stderr);
    assertMatch(
      stderr,
      /^midge: \S+\/jobs\.log: \d+ messages restored, \d+ lines of the input were taken before\n$/,
    );
    assertEquals(await collector.all("cli/kept"), lines);
    const again = await midge(command, { stdin: "line 1\nanother" });
    assertEquals([again.code, again.stderr], [0, ""]);
    assertEquals(
      await collector.all("cli/kept"),
      [...lines, "line 1", "another"],
    );
  },
);

mosquittoTest(
  "publish --jsonl --store goes on behind lines that are none, that are empty or that cannot be sent",
  async (broker) => {
    await using file = new StoreFile();
    await using collector = await Collector.start(broker.tcp, "cli/json/+");
    const command = [
      ...["publish", "-p", `${broker.tcp}`, "--jsonl", "-q", "2"],
      ...["--store", file.path],
    ];
    const line = (topic: string, payload: string, qos = 2) =>
      JSON.stringify({ topic: `cli/json/${topic}`, payload, qos });
    const lines = [
      line("a", "1"),
      "no JSON",
      "",
      line("#", "refused here"),
      line("a", "2", 1),
      line("a", "3", 0),
    ];
    const stdin = lines.join("\n");
    const none = "of standard input: this is no JSON object";
    const before = (taken: string) =>
      `midge: ${file.path}: ${taken} of the input`;
    for (
      const expected of [
        `midge: line 2 ${none}. Run it again to go on behind it\n`,
        `${before("2 lines")} were taken before\n` +
        `midge: line 3 ${none}. Run it again to go on behind it\n`,
        `${before("3 lines")} were taken before\n` +
        `midge: cannot publish to "cli/json/#": a Topic Name must not contain wildcards\n`,
      ]
    ) {
      const { code, stderr } = await midge(command, { stdin });
      assertEquals([code, stderr], [1, expected]);
    }
    const { code, stderr } = await midge([...command, "--quiet"], { stdin });
    assertEquals([code, stderr], [0, ""]);
    assertEquals(await collector.all("cli/json/a"), ["1", "2", "3"]);
  },
);

mosquittoTest(
  "publish --store skips nothing of another input, and sends what the earlier one has left",
  async (broker) => {
    await using file = new StoreFile();
    await using collector = await Collector.start(broker.tcp, "cli/other");
    using way = new Way(broker.tcp);
    const command = [
      ...["publish", "-p", way.port, "-t", "cli/other", "-q", "2", "-l"],
      ...["--store", file.path],
    ];
    const lines = numbered(20);
    await way.killed(LAST, command, { stdin: lines.join("\n") });
    const others = ["other 1", "other 2"];
    const { code, stderr } = await midge(command, {
      stdin: others.join("\n"),
    });
    assertEquals(code, 0);
    assertMatch(
      stderr,
      /^midge: \S+: \d+ messages? restored, 20 lines of the input were taken before\nmidge: this is not the input of which \S+ knows: no line of it is skipped\n$/,
    );
    assertEquals(await collector.all("cli/other"), [...lines, ...others]);
  },
);

mosquittoTest(
  "publish --store sends what is left, and nothing else, where the input has changed or ends too early",
  async (broker) => {
    await using file = new StoreFile();
    await using collector = await Collector.start(broker.tcp, "cli/changed");
    using way = new Way(broker.tcp);
    const command = [
      ...["publish", "-p", way.port, "-t", "cli/changed", "-q", "2", "-l"],
      ...["--store", file.path],
    ];
    const lines = numbered(20);
    await way.killed(LAST, command, { stdin: lines.join("\n") });
    const tried = async (stdin: string) => {
      const { code, stderr } = await midge(command, { stdin });
      assertEquals(code, 1);
      return stderr.split("\n").at(-2);
    };
    const advice = "Give it as it was, or take another --store";
    assertEquals(
      await tried(lines.with(7, "changed").join("\n")),
      `midge: the first 20 lines of the input are not those that were taken before: none was published. ${advice}`,
    );
    assertEquals(await collector.all("cli/changed"), lines);
    assertEquals(
      await tried(lines.slice(0, 19).join("\n")),
      `midge: the input has 19 lines, and 20 were taken before. ${advice}`,
    );
    assertEquals(
      await tried(""),
      `midge: the input has 0 lines, and 20 were taken before. ${advice}`,
    );
    const longer = [...lines, "one more"];
    const { code } = await midge(command, { stdin: longer.join("\n") });
    assertEquals(code, 0);
    assertEquals(await collector.all("cli/changed"), longer);
  },
);

mosquittoTest(
  "publish -m --store sends a message once, though it is killed and run again, and a new one each time that it has ended",
  async (broker) => {
    await using file = new StoreFile();
    await using collector = await Collector.start(broker.tcp, "cli/one/+");
    using way = new Way(broker.tcp);
    const command = [
      ...["publish", "-p", way.port, "-t", "cli/one/a", "-t", "cli/one/b"],
      ...["-q", "2", "--store", file.path, "-m"],
    ];
    await way.killed(PUBREC, [...command, "first"], {});
    const { code, stderr } = await midge([...command, "first"]);
    assertEquals([code, stderr], [
      0,
      `midge: ${file.path}: 2 messages restored, 1 message of the input was taken before\n`,
    ]);
    assertEquals(await collector.all("cli/one/a"), ["first", "first"]);
    await way.killed(PUBCOMP, [...command, "second"], {});
    const another = await midge([...command, "third", "--repeat", "2"]);
    assertEquals(another.code, 0);
    assertMatch(another.stderr, /is not the input of which/);
    assertEquals(
      (await collector.all("cli/one/a")).sort(),
      [
        ...["first", "first", "second", "second"],
        ...Array.from({ length: 4 }, () => "third"),
      ],
    );
  },
);

mosquittoTest(
  "publish --store keeps what a signal or a lost server has left for the next run",
  async (broker) => {
    await using file = new StoreFile();
    await using collector = await Collector.start(broker.tcp, "cli/left");
    using way = new Way(broker.tcp);
    const command = [
      ...["publish", "-p", way.port, "-t", "cli/left", "-q", "2", "-l"],
      ...["--store", file.path],
    ];
    await using interrupted = new Midge([...command, "-d"], {
      stdin: "piped",
    });
    await interrupted.write("line 1\nline 2\n");
    await interrupted.stderr.until("received PUBCOMP id 2");
    interrupted.kill("SIGINT");
    assertEquals((await interrupted.ended()).signal, "SIGINT");
    const lines = numbered(4);
    // The wire ends with the trigger, and the command with it.
    await using lost = new Midge([...command, "--no-reconnect"], {
      stdin: lines.join("\n"),
    });
    way.cut({ ...PUBREC, count: 2 });
    const { code, stderr } = await lost.ended();
    assertEquals(code, 7, stderr);
    assertMatch(stderr, /: 2 lines of the input were taken before\n/);
    const again = await midge(command, { stdin: lines.join("\n") });
    assertEquals(again.code, 0);
    assertMatch(again.stderr, /messages? restored, 4 lines of the input/);
    assertEquals(await collector.all("cli/left"), lines);
  },
);

mosquittoTest(
  "publish --store publishes nothing twice after a run that has told of a loss",
  async (broker) => {
    await using file = new StoreFile();
    await using collector = await Collector.start(broker.tcp, "cli/gone");
    using way = new Way(broker.tcp);
    const clientId = "cli-gone";
    const command = [
      ...["publish", "-p", way.port, "-t", "cli/gone", "-q", "2", "-l"],
      ...["-i", clientId, "--store", file.path],
    ];
    const stdin = numbered(20).join("\n");
    await way.killed(LAST, command, { stdin });
    const other = await connect(address(broker.tcp), { clientId });
    await other.disconnect();
    const told = await midge(command, { stdin });
    assertEquals(told.code, 7, told.stderr);
    const again = await midge(command, { stdin });
    assertEquals([again.code, again.stderr], [
      0,
      `midge: ${file.path}: 20 lines of the input were taken before\n`,
    ]);
    const payloads = await collector.all("cli/gone");
    assertEquals(new Set(payloads).size, payloads.length);
  },
);

mosquittoTest(
  "publish --repeat --interval --store does not wait for what was taken before",
  async (broker) => {
    await using file = new StoreFile();
    await using collector = await Collector.start(broker.tcp, "cli/paced");
    using way = new Way(broker.tcp);
    const command = [
      ...["publish", "-p", way.port, "-t", "cli/paced", "-q", "2"],
      ...["--store", file.path, "-m", "again", "--repeat"],
    ];
    await way.killed(LAST, [...command, "20"], {});
    const { code } = await midge([...command, "21", "--interval", "1h"]);
    assertEquals(code, 0);
    assertEquals((await collector.all("cli/paced")).length, 21);
  },
);
