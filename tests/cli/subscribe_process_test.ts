// What subscribe prints and when it ends, with a real broker and mosquitto_sub for comparison.

import { assert, assertEquals, assertMatch } from "@std/assert";
import { mosquittoTest } from "../support/mosquitto_tests.ts";
import type { Mosquitto } from "../support/mosquitto.ts";
import { mosquittoPub, mosquittoSub } from "../support/mosquitto_clients.ts";
import { midge, subscribed } from "./process.ts";

function port(broker: Mosquitto): string[] {
  return ["-p", `${broker.tcp}`];
}

/** Publishes with mosquitto_pub: `topic`, `payload`, and `-r` where it is retained. */
async function send(
  broker: Mosquitto,
  topic: string,
  payload: string,
  ...more: readonly string[]
): Promise<void> {
  await mosquittoPub(broker, 5, ["-t", topic, "-m", payload, ...more]);
}

mosquittoTest(
  "subscribe -F prints what mosquitto_sub -F prints",
  async (broker) => {
    const format = "%t|%p|%q|%r|%m|%l|%x|%X|%C|%E|%F|%P|%R|%D|[%10t][%-10t]" +
      "[%08l]|@Y-@m-@d @j @z|\\t\\\\|%%@@";
    await using theirs = await mosquittoSub(broker, 5, {
      ...{ filters: ["cli/format"], qos: 1, count: 1, format },
    });
    await using ours = await subscribed([
      ...[...port(broker), "-t", "cli/format", "-q", "1", "-C", "1"],
      ...["-F", format],
    ]);
    await send(
      broker,
      ...["cli/format", "héllo", "-q", "1"] as const,
      ...["-D", "publish", "content-type", "text/plain"],
      ...["-D", "publish", "message-expiry-interval", "60"],
      ...["-D", "publish", "payload-format-indicator", "1"],
      ...["-D", "publish", "user-property", "k", "v"],
      ...["-D", "publish", "user-property", "k", "w"],
      ...["-D", "publish", "response-topic", "r"],
      ...["-D", "publish", "correlation-data", "xyz"],
    );
    const [line] = await theirs.lines();
    assertEquals((await ours.ended()).stdout, `${line}\n`);
  },
);

mosquittoTest(
  "subscribe prints payloads in hexadecimal or base64, without newlines, or as pretty JSON",
  async (broker) => {
    const looks = [["--hex"], ["--base64", "-v"], ["-N"], ["--pretty"]];
    const running = await Promise.all(
      looks.map((look) =>
        subscribed([...port(broker), "-t", "cli/looks", "-C", "2", ...look])
      ),
    );
    await send(broker, "cli/looks", "hi");
    await send(broker, "cli/looks", "ho");
    const printed = [];
    for (const each of running) printed.push((await each.ended()).stdout);
    const [hex, base64, joined, pretty = ""] = printed;
    assertEquals(hex, "6869\n686f\n");
    assertEquals(base64, "cli/looks aGk=\ncli/looks aG8=\n");
    assertEquals(joined, "hiho");
    assertMatch(
      pretty,
      /^\{\n {2}"tst": .*\n(.*\n)* {2}"payload": "hi"\n\}\n\{/,
    );
  },
);

mosquittoTest(
  "subscribe -R, -T and --retained-only choose what is printed",
  async (broker) => {
    await send(broker, "cli/choose/a", "old a", "-r");
    await send(broker, "cli/choose/b", "old b", "-r");
    const common = [...port(broker), "-t", "cli/choose/#"];
    await using fresh = await subscribed([...common, "-R", "-1"]);
    await using chosen = await subscribed([
      ...[...common, "-T", "cli/choose/a", "-T", "+/choose/c", "-C", "2"],
    ]);
    await using retained = await subscribed([...common, "--retained-only"]);
    await send(broker, "cli/choose/c", "new c");
    await send(broker, "cli/choose/b", "new b");
    assertEquals((await fresh.ended()).stdout, "new c\n");
    assertEquals((await chosen.ended()).stdout, "old b\nnew b\n");
    const { code, stdout } = await retained.ended();
    assertEquals(stdout.split("\n").sort(), ["", "old a", "old b"]);
    assertEquals(code, 0);
  },
);

mosquittoTest(
  "subscribe --remove-retained clears what it prints, and tells alone with --dry-run",
  async (broker) => {
    await send(broker, "cli/clear/a", "1", "-r");
    await send(broker, "cli/clear/keep", "2", "-r");
    const clear = [
      ...["subscribe", ...port(broker), "-t", "cli/clear/#"],
      ...["-T", "+/+/keep", "-v", "--remove-retained", "-C", "1"],
    ];
    const dry = await midge([...clear, "--dry-run"]);
    assertEquals(dry.stdout, "cli/clear/a 1\n");
    assertEquals(dry.stderr, "midge: would clear cli/clear/a\n");
    const wet = await midge(clear);
    assertEquals(wet.stdout, "cli/clear/a 1\n");
    assertEquals({ code: wet.code, stderr: wet.stderr }, {
      code: 0,
      stderr: "",
    });
    const left = await midge([
      ...["subscribe", ...port(broker), "-t", "cli/clear/#", "-v"],
      ...["--idle-timeout", "0.3"],
    ]);
    assertEquals(left.stdout, "cli/clear/keep 2\n");
    assertEquals(left.code, 27);
  },
);

mosquittoTest(
  "subscribe -c goes on with a session, -U leaves a filter of it, -E ends after SUBACK",
  async (broker) => {
    const session = [
      ...["subscribe", ...port(broker), "-c", "-i", "cli-session", "-q", "1"],
    ];
    const begun = await midge([
      ...[...session, "-t", "cli/kept", "-t", "cli/left", "-E"],
    ]);
    assertEquals(begun.code, 0);
    const left = await midge([...session, "-U", "cli/left", "-E"]);
    assertEquals(left.code, 0);
    await send(broker, "cli/left", "nobody has this", "-q", "1");
    await send(broker, "cli/kept", "waited", "-q", "1");
    const { code, stdout } = await midge([
      ...[...session, "-t", "cli/new", "-C", "1", "-v"],
    ]);
    assertEquals({ code, stdout }, { code: 0, stdout: "cli/kept waited\n" });
    // It was acknowledged: the session has it no more.
    const again = await midge([...session, "-t", "cli/new", "-W", "0.3"]);
    assertEquals(again.stdout, "");
    await midge([
      "subscribe",
      ...port(broker),
      "-i",
      "cli-session",
      "-t",
      "x",
      "-E",
    ]);
  },
);

mosquittoTest(
  "subscribe -x keeps the session for that long",
  async (broker) => {
    const session = [
      ...["subscribe", ...port(broker), "-i", "cli-expiry", "-q", "1"],
      ...["-t", "cli/expiry"],
    ];
    for (const [expiry, kept] of [["1h", "waited\n"], ["0", ""]] as const) {
      await midge([...session, "-x", expiry, "-E"]);
      await send(broker, "cli/expiry", "waited", "-q", "1");
      const { stdout } = await midge([
        ...[...session, "-c", "-x", "0", "-W", "0.3"],
      ]);
      assertEquals(stdout, kept);
    }
  },
);

mosquittoTest(
  "subscribe --json keeps a NUL, a line feed and what is no UTF-8 on one line each",
  async (broker) => {
    await using subscriber = await subscribed([
      ...[...port(broker), "-t", "cli/binary", "-C", "3", "--json"],
    ]);
    const payloads = ["a\0b", 'line\n"feed"', "\x80"];
    for (const payload of payloads) {
      await mosquittoPub(
        broker,
        5,
        ["-t", "cli/binary", "-s"],
        Uint8Array.from(payload, (character) => character.charCodeAt(0)),
      );
    }
    const lines = (await subscriber.ended()).stdout.split("\n");
    assertEquals(lines.length, 4);
    const [nul, feed, bytes] = lines.slice(0, 3).map((line) =>
      JSON.parse(line)
    );
    assertEquals(nul.payload, payloads[0]);
    assertEquals(feed.payload, payloads[1]);
    assertEquals(bytes.payload_b64, "gA==");
  },
);

mosquittoTest(
  "subscribe --idle-timeout counts from the last message",
  async (broker) => {
    await using subscriber = await subscribed([
      ...[...port(broker), "-t", "cli/idle", "--idle-timeout", "1s"],
    ]);
    const begin = performance.now();
    await midge([
      ...["publish", ...port(broker), "-t", "cli/idle", "-m", "x"],
      ...["--repeat", "3", "--interval", "400ms"],
    ]);
    const { code, stdout } = await subscriber.ended();
    assertEquals({ code, stdout }, { code: 27, stdout: "x\nx\nx\n" });
    assert(performance.now() - begin >= 1_800);
  },
);

mosquittoTest(
  "subscribe says no to a format that cannot be, before it connects",
  async (broker) => {
    const { code, stderr } = await midge([
      ...["subscribe", "-d", ...port(broker), "-t", "a", "-F", "%M"],
    ]);
    assertEquals(
      { code, stderr },
      {
        code: 1,
        stderr: "midge: the format has %M, which stands for nothing\n",
      },
    );
  },
);
