// `midge broker` as a process: what it offers, what it tells, how it ends; and the commands with --embedded.

import { assert, assertEquals, assertMatch } from "@std/assert";
import { riskOf } from "../../src/cli/broker.ts";
import { Midge, midge } from "./process.ts";

const TIMEOUT_MS = 20_000;

function test(name: string, fn: () => Promise<void>): void {
  Deno.test({ name, timeout: TIMEOUT_MS, fn });
}

/** A broker that listens, and the URL that it has told. */
async function started(
  args: readonly string[],
): Promise<[broker: Midge, ...urls: string[]]> {
  const broker = new Midge(["broker", "-p", "0", ...args], {
    permissions: ["--allow-net=127.0.0.1"],
  });
  try {
    const said = await broker.stdout.until("Try: ");
    const urls = said.match(/(mqtt|ws):\S+/g) ?? [];
    return [broker, ...urls];
  } catch (error) {
    await broker[Symbol.asyncDispose]();
    throw error;
  }
}

for (const signal of ["SIGINT", "SIGTERM"] as const) {
  test(`broker prints where it listens and what to try, serves, and ends with 0 at ${signal}`, async () => {
    const [broker, url = "", ws = ""] = await started(["--ws", "0"]);
    await using _broker = broker;
    for (const each of [url, ws]) {
      const { code, stderr } = await midge([
        ...["publish", "-t", "a", "-m", "x", "-q", "2", "-L", each],
      ]);
      assertEquals({ code, stderr }, { code: 0, stderr: "" });
    }
    broker.kill(signal);
    const ended = await broker.ended();
    assertEquals([ended.code, ended.signal, ended.stderr], [0, null, ""]);
    assertEquals(ended.stdout.split("\n"), [
      `MQTT 5, 3.1.1 and 3.1 at ${url}`,
      `The same over WebSocket at ${ws}`,
      `Try: midge subscribe -v -t '#' ${url}`,
      "",
    ]);
    assertMatch(url, /^mqtt:\/\/127\.0\.0\.1:\d+$/);
    assertMatch(ws, /^ws:\/\/127\.0\.0\.1:\d+\/mqtt$/);
  });
}

test("broker -v prints a line for each thing that happens, its control characters visible", async () => {
  const [broker, url = ""] = await started(["-v"]);
  await using _broker = broker;
  const { code } = await midge([
    ...["publish", "-i", "one", "-t", "a\x1b[2J", "-m", "x", url],
  ]);
  assertEquals(code, 0);
  await broker.stdout.until("session has ended");
  broker.kill("SIGINT");
  const { stdout } = await broker.ended();
  const lines = stdout.split("\n").slice(2).map((line) =>
    line.replace(/127\.0\.0\.1:\d+/, "...")
  );
  assertEquals(lines, [
    "one connected from ...: MQTT 5, a new session",
    "one published to a\\x1b[2J: QoS 0, 1 byte",
    "one disconnected: normal disconnection",
    "one: the session has ended",
    "",
  ]);
});

test("broker on a port that is in use says so, and ends with 1", async () => {
  using other = Deno.listen({ hostname: "127.0.0.1", port: 0 });
  const { port } = other.addr;
  const ended = await midge(["broker", "-p", `${port}`]);
  assertEquals(ended.code, 1);
  assertEquals(
    ended.stderr,
    `midge: cannot listen on 127.0.0.1:${port}: the port is in use. ` +
      "Another one is taken with -p or --ws, and one that is free with 0\n",
  );
  const quiet = await midge(["broker", "-p", `${port}`, "--quiet"]);
  assertEquals([quiet.code, quiet.stdout, quiet.stderr], [1, "", ""]);
});

test("broker without permission names the flag", async () => {
  const ended = await midge(["broker"], { permissions: [] });
  assertEquals(ended.code, 1);
  assertEquals(
    ended.stderr,
    "midge: cannot listen on 127.0.0.1:1883: Deno does not permit it; " +
      "run again with --allow-net=127.0.0.1:1883\n",
  );
});

test("broker whose reader has gone ends with 0", async () => {
  const [broker, url = ""] = await started(["-v"]);
  await using _broker = broker;
  await broker.stdout.close();
  await midge(["publish", "-t", "a", "-m", "x", url]);
  const { code } = await broker.ended();
  assertEquals(code, 0);
});

test("broker has its own options, and none of a client", async () => {
  const { code, stdout } = await midge(["broker", "--help"]);
  assertEquals(code, 0);
  for (const option of ["--port", "--ws", "--bind", "--verbose"]) {
    assert(stdout.includes(option), option);
  }
  assert(!stdout.includes("--will"), stdout);
  const wrong = await midge(["broker", "-t", "a"]);
  assertEquals([wrong.code, wrong.stderr], [
    1,
    "midge: unknown option -t\n",
  ]);
});

test("riskOf tells which addresses other machines reach", () => {
  for (const own of ["localhost", "127.0.0.1", "127.1.2.3", "::1", "[::1]"]) {
    assertEquals(riskOf(own), undefined);
  }
  for (const open of ["0.0.0.0", "::", "192.0.2.1", "host.test"]) {
    assertEquals(
      riskOf(open),
      `other machines may reach ${open}, and this broker lets everyone in`,
    );
  }
  return Promise.resolve();
});

test("test --embedded needs no permission, and shows what it has published", async () => {
  const ended = await midge(
    ["test", "--embedded", "--count", "3", "--interval", "10ms"],
    { permissions: [] },
  );
  assertEquals(ended, {
    code: 0,
    signal: null,
    stdout: [1, 2, 3]
      .map((i) => `Topic: test/1, message: 'midge test message ${i}'\n`)
      .join(""),
    stderr:
      "midge: publishing to test/1 at a broker of its own, and printing what comes on test/1\n",
  });
});

test("publish --embedded publishes under each version, without any permission", async () => {
  for (const version of ["3.1", "3.1.1", "5"]) {
    const ended = await midge(
      ["publish", "--embedded", "-t", "a", "-m", "b", "-q", "2", "-V", version],
      { permissions: [] },
    );
    assertEquals(ended, { code: 0, signal: null, stdout: "", stderr: "" });
  }
});

test("subscribe --embedded listens for others where that is permitted", async () => {
  await using subscriber = new Midge(
    ["subscribe", "--embedded", "-t", "a/#", "-v"],
    { permissions: ["--allow-net=127.0.0.1"] },
  );
  const said = await subscriber.stderr.until("\n");
  const [url = ""] = /mqtt:\S+/.exec(said) ?? [];
  const send = (text: string) =>
    midge(["publish", "-t", "a/b", "-m", text, "-r", "-q", "1", url]);
  const { code, stderr } = await send("x");
  assertEquals({ code, stderr }, { code: 0, stderr: "" });
  await subscriber.stdout.until("a/b x\n");
  subscriber.kill("SIGINT");
  const ended = await subscriber.ended();
  assertEquals([ended.code, ended.stdout], [0, "a/b x\n"]);
  assertEquals(
    ended.stderr,
    `midge: others reach the embedded broker at ${url}\n`,
  );
});

test("subscribe --embedded says that nobody else reaches it, where nothing is permitted", async () => {
  const ended = await midge(
    ["subscribe", "--embedded", "-t", "a", "-W", "100ms"],
    { permissions: [] },
  );
  assertEquals(ended.code, 27);
  assertEquals(
    ended.stderr,
    "midge: nobody else reaches the embedded broker: that takes --allow-net=127.0.0.1\n",
  );
});

test("--embedded goes with no option that leads elsewhere", async () => {
  for (
    const [option, ...value] of [
      ["-h", "localhost"],
      ["-p", "1883"],
      ["-L", "mqtt://localhost"],
      ["--unix", "/tmp/socket"],
      ["--cafile", "ca.pem"],
    ]
  ) {
    const { code, stderr } = await midge([
      ...["publish", "-t", "a", "-m", "b", "--embedded", `${option}`],
      ...value,
    ]);
    assertEquals(code, 1);
    assertMatch(stderr, /contradict each other\n$/);
  }
});
