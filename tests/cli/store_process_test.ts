// --store where it cannot be had, or contradicts what else is asked for: one line, which names the file.

import { assertEquals, assertMatch, assertNotEquals } from "@std/assert";
import { fileStore } from "../../mod.ts";
import { mosquittoTest } from "../support/mosquitto_tests.ts";
import { Midge, midge } from "./process.ts";
import { Collector, numbered, StoreFile, Way } from "./stored.ts";

const PUBREC = { type: 5 };

/** What a command says, without `midge: `, where it ends with 1. */
async function refusal(
  args: readonly string[],
  settings: Parameters<typeof midge>[1] = {},
): Promise<string> {
  const { code, stdout, stderr } = await midge(args, settings);
  assertEquals([code, stdout], [1, ""], stderr);
  assertMatch(stderr, /^midge: [^\n]*\n$/);
  return stderr.slice("midge: ".length, -1);
}

Deno.test("publish and subscribe refuse what contradicts --store, before they open anything", async () => {
  const publish = ["publish", "-t", "a", "-l", "--store", "/nowhere/s"];
  const subscribe = ["subscribe", "-t", "a", "--store", "/nowhere/s"];
  assertEquals(
    await refusal(publish),
    "--store keeps no message of QoS 0: add -q 2, exactly once, or -q 1",
  );
  assertEquals(
    await refusal(subscribe),
    "--store is of no use at QoS 0, which a server does not keep: add -q 2, exactly once, or -q 1",
  );
  for (const command of [publish, subscribe]) {
    const both = async (...more: string[]) =>
      await refusal([...command, "-q", "1", ...more]);
    assertEquals(
      await both("-x", "0"),
      "--store needs a session that outlives the connection: -x 0 ends it",
    );
    assertEquals(
      await both("--no-clean=false"),
      "--store goes on with a session: --no-clean=false contradicts it",
    );
    assertEquals(
      await both("-I", "x"),
      "--store and -I contradict each other",
    );
    assertEquals(
      await both("--embedded"),
      "--store and --embedded contradict each other",
    );
    assertEquals(
      await both(),
      "cannot open the store /nowhere/s: there is no such folder",
    );
  }
});

mosquittoTest(
  "--store that another process has open, that is no store or that Deno does not permit is an error line",
  async (broker) => {
    await using file = new StoreFile();
    const { path } = file;
    const publish = [
      ...["publish", "-p", `${broker.tcp}`, "-t", "cli/locked", "-q", "1"],
      ...["--store", path],
    ];
    await using first = new Midge([...publish, "-l", "-d"], {
      stdin: "piped",
    });
    await first.stderr.until("received CONNACK");
    for (const command of [publish, ["subscribe", ...publish.slice(1)]]) {
      const isPublish = command === publish;
      assertEquals(
        await refusal([...command, ...(isPublish ? ["-m", "x"] : [])]),
        `cannot open the store ${path}: another client has it open. Wait until that ends, or take another --store`,
      );
    }
    await first.closeStdin();
    assertEquals((await first.ended()).code, 0);
    assertEquals((await midge([...publish, "-m", "x"])).code, 0);

    assertMatch(
      await refusal([...publish, "-m", "x"], { permissions: ["--allow-net"] }),
      /^cannot open the store \S+: Deno does not permit it; run again with --allow-read=\S+ --allow-write=\S+$/,
    );
    await Deno.writeTextFile(path, "This is a letter, and no store at all.");
    assertEquals(
      await refusal([...publish, "-m", "x"]),
      `cannot open the store ${path}: the file holds something else. Take another --store`,
    );
  },
);

mosquittoTest(
  "--store keeps the client id, and refuses another one, another server's messages and another command",
  async (broker) => {
    await using file = new StoreFile();
    using way = new Way(broker.tcp);
    const { path } = file;
    const to = (port: string) => [
      ...["publish", "-p", port, "-t", "cli/owner", "-q", "2"],
      ...["--store", path, "-m", "x"],
    ];
    await way.killed(PUBREC, [...to(way.port), "-i", "keeper"], {});
    assertEquals(
      await refusal([...to(way.port), "-i", "other"]),
      `${path} has the session of client id keeper, not of other. Leave -i out, or take another --store`,
    );
    // Another port is no other server.
    assertEquals(
      await refusal([...to(way.port), "-H", "elsewhere.invalid"]),
      `${path} belongs to localhost:${way.port}, and not to elsewhere.invalid:${way.port}. Go there, or take another --store`,
    );
    assertEquals(
      await refusal([
        ...["subscribe", "-p", way.port, "-t", "a", "-q", "1"],
        ...["--store", path],
      ]),
      `${path} belongs to another command or program. Take another --store`,
    );
    const { code, stderr } = await midge([...to(way.port), "-d"]);
    assertEquals(code, 0);
    assertMatch(stderr, /sent CONNECT MQTT 5 client id "keeper"/);
  },
);

mosquittoTest(
  "publish --store keeps an invented client id for the next run, under MQTT 3.1.1 too",
  async (broker) => {
    for (const version of ["5", "3.1.1"]) {
      await using file = new StoreFile();
      const ids = new Set<string | undefined>();
      for (let run = 0; run < 2; run++) {
        const { code, stderr } = await midge([
          ...["publish", "-p", `${broker.tcp}`, "-t", "cli/id", "-m", "x"],
          ...["-q", "1", "-V", version, "--store", file.path, "-d"],
        ]);
        assertEquals(code, 0);
        ids.add(/sent CONNECT .* client id "(midge\w{17})"/.exec(stderr)?.[1]);
        assertEquals(/sent CONNECT .*clean/i.test(stderr), false, stderr);
      }
      assertEquals(ids.size, 1);
      assertNotEquals([...ids], [undefined]);
    }
  },
);

mosquittoTest(
  "publish --store tells what is damaged, publishes nothing until it is run again, and then goes on with what is left",
  async (broker) => {
    await using file = new StoreFile();
    await using collector = await Collector.start(broker.tcp, "cli/damaged");
    using way = new Way(broker.tcp);
    const { path } = file;
    const command = [
      ...["publish", "-p", way.port, "-t", "cli/damaged", "-q", "2", "-l"],
      ...["--store", path],
    ];
    const lines = numbered(5);
    const stdin = lines.join("\n") + "\n";
    await way.killed({ ...PUBREC, count: 5 }, command, { stdin });
    await breakFirst(path, "line 3");
    const first = await midge(command, { stdin });
    assertEquals(first.code, 1);
    assertMatch(
      first.stderr,
      /^midge: (\S+) is damaged: \d+ bytes at \d+ of \S+ cannot be read; they are kept in \S+\.corrupt-\d+\nmidge: \1: 1 message lost\n(midge: .* restored, 5 lines of the input were taken before\n)?midge: what \1 knows of the input may not be the last: nothing of it was published\. Run it again to go on with what is left\n$/,
    );
    const second = await midge(command, { stdin });
    assertEquals(second.code, 0, second.stderr);
    // The server had it: of what is lost here, its packet id was enough.
    assertEquals((await collector.all("cli/damaged")).sort(), lines);
  },
);

/** Breaks a byte of the first value that has a text in it. */
async function breakFirst(path: string, text: string): Promise<void> {
  const bytes = await Deno.readFile(path);
  const at = new TextDecoder("latin1").decode(bytes).indexOf(text);
  assertNotEquals(at, -1);
  bytes[at] = (bytes[at] ?? 0) ^ 1;
  await Deno.writeFile(path, bytes);
}

mosquittoTest(
  "publish --store says which messages may not have arrived where the server has lost their session",
  async (broker) => {
    await using file = new StoreFile();
    await using collector = await Collector.start(broker.tcp, "cli/forgotten");
    using way = new Way(broker.tcp);
    const command = [
      ...["publish", "-p", way.port, "-t", "cli/forgotten", "-q", "2"],
      ...["-i", "forgotten", "--store", file.path, "-l"],
    ];
    const stdin = "one\n";
    await way.killed({ ...PUBREC, passes: true }, command, { stdin });
    // Another client with this client id has the server forget it.
    const forget = ["publish", "-p", `${broker.tcp}`, "-i", "forgotten"];
    assertEquals((await midge([...forget, "-t", "x", "-n"])).code, 0);
    const { code, stderr } = await midge(command, { stdin });
    assertEquals(code, 7);
    assertMatch(
      stderr,
      /midge: cannot publish (to "cli\/forgotten"|a message of an earlier process): the server has lost the session in which it was sent\n$/,
    );
    assertEquals((await collector.all("cli/forgotten")).length <= 1, true);
    const store = fileStore(file.path);
    const keys: number[] = [];
    await store.open(({ key }) => keys.push(key));
    await store.close();
    assertEquals(keys.filter((key) => key > 65_536), []);
  },
);
