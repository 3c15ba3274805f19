// The programs in examples/: their own tests run without any permission, and each of them runs.

import { assertEquals, assertMatch } from "@std/assert";
import type { Reading } from "../examples/meter.ts";
import { Broker } from "../testing.ts";

const ROOT = new URL("../", import.meta.url);

/** How many tests the examples have: none may be left out in silence. */
const TESTS = 15;

const TIMEOUT_MS = 30_000;

Deno.test({
  name: "deno test examples/ needs no permission",
  timeout: TIMEOUT_MS,
  async fn() {
    const { code, stdout, stderr } = await new Deno.Command(Deno.execPath(), {
      args: ["test", "--no-prompt", "examples/"],
      cwd: ROOT,
      env: { NO_COLOR: "1" },
      stdin: "null",
    }).output();
    const text = new TextDecoder();
    assertEquals(code, 0, text.decode(stdout) + text.decode(stderr));
    assertMatch(
      text.decode(stdout),
      new RegExp(`ok \\| ${TESTS} passed \\| 0 failed \\(`),
    );
  },
});

Deno.test({
  name:
    "examples/thermostat.ts switches heaters, and is told to be offline when it is killed",
  timeout: TIMEOUT_MS,
  async fn() {
    await using broker = await Broker.listen();
    const { host } = new URL(broker.url);
    const child = new Deno.Command(Deno.execPath(), {
      args: [
        ...["run", "--no-prompt", `--allow-net=${host}`],
        ...["examples/thermostat.ts", broker.url],
      ],
      cwd: ROOT,
      stdin: "null",
      stdout: "null",
    }).spawn();
    await broker.seen("thermostat/status");
    broker.publish("home/hall/temperature", "12");
    const [heater] = await broker.seen("home/+/heater");
    assertEquals([heater?.topic, heater?.text()], ["home/hall/heater", "on"]);
    child.kill("SIGKILL");
    await child.status;
    const [, offline] = await broker.seen("thermostat/status", { count: 2 });
    assertEquals(offline?.text(), "offline");
  },
});

Deno.test({
  name: "examples/meter.ts publishes its readings",
  timeout: TIMEOUT_MS,
  async fn() {
    await using broker = await Broker.listen();
    const { host } = new URL(broker.url);
    const child = new Deno.Command(Deno.execPath(), {
      args: [
        ...["run", "--no-prompt", `--allow-net=${host}`],
        ...["examples/meter.ts", broker.url],
      ],
      cwd: ROOT,
      stdin: "null",
      stdout: "null",
    }).spawn();
    const [reading] = await broker.seen("meter/reading");
    assertEquals(reading?.json<Reading>().number, 1);
    child.kill("SIGKILL");
    await child.status;
  },
});
