// midge request, and subscribe --reply, which answers it.

import { assertEquals, assertMatch } from "@std/assert";
import { Broker } from "../../testing.ts";
import { midge, subscribed } from "./process.ts";

Deno.test("request prints the reply that subscribe --reply gives", async () => {
  await using broker = await Broker.listen();
  await using _ = await subscribed(
    ["-t", "clock/now", "--reply", "noon", "-q", "1", broker.url],
  );
  const { code, stdout, stderr } = await midge(
    ["request", "-t", "clock/now", "-m", "zone", "-q", "1", broker.url],
  );
  assertEquals([code, stdout, stderr], [0, "noon\n", ""]);
});

Deno.test("subscribe --reply '|COMMAND' gives the request to a command, and answers with its output", async () => {
  await using broker = await Broker.listen();
  await using responder = await subscribed([
    ...["-t", "up/+", "--reply"],
    '|tr a-z A-Z; printf " $MIDGE_TOPIC"; test "$MIDGE_TOPIC" != up/bad',
    broker.url,
  ]);
  const request = ["request", "-m", "hello", "-v", broker.url, "-W"];
  const good = await midge([...request, "10s", "-t", "up/1"]);
  assertEquals(good.code, 0, good.stderr);
  assertMatch(good.stdout, /^reply\/\S+ HELLO up\/1\n$/);
  const bad = await midge([...request, "0.5s", "-t", "up/bad"]);
  assertEquals([bad.code, bad.stdout], [27, ""]);
  await responder.stderr.until("no reply to up/bad: the command ended with 1");
});

Deno.test("request --count prints so many replies, and ends with 27 where there are fewer in time", async () => {
  await using broker = await Broker.listen();
  await using _one = await subscribed(
    ["-t", "who", "--reply", "one", broker.url],
  );
  await using _other = await subscribed(
    ["-t", "who", "--reply", "other", broker.url],
  );
  const request = ["request", "-t", "who", "-n", broker.url];
  const both = await midge([...request, "--count", "2"]);
  assertEquals(both.code, 0, both.stderr);
  assertEquals(both.stdout.split("\n").toSorted(), ["", "one", "other"]);
  const { code, stderr } = await midge([...request, "-C", "3", "-W", "0.5s"]);
  assertEquals(
    [code, stderr],
    [27, "midge: 2 of 3 replies within 0.5 s\n"],
  );
});

Deno.test("request says that nobody is there, and what it needs", async () => {
  await using broker = await Broker.listen();
  const nobody = await midge(
    ["request", "-t", "a", "-n", "-q", "1", broker.url],
  );
  assertEquals(nobody.code, 1);
  assertMatch(nobody.stderr, /nobody is subscribed to it/);
  const late = await midge(
    ["request", "-t", "a", "-n", "-W", "0.2s", broker.url],
  );
  assertEquals([late.code, late.stderr], [
    27,
    "midge: no reply within 0.2 s\n",
  ]);
  for (const args of [["-n"], ["-t", "a"], ["-t", "a", "-n", "-m", "x"]]) {
    const { code, stdout } = await midge(["request", ...args, broker.url]);
    assertEquals([code, stdout], [1, ""]);
  }
});

Deno.test("request prints replies as subscribe prints messages", async () => {
  await using broker = await Broker.listen();
  await using _ = await subscribed(["-t", "a", "--reply", "é", broker.url]);
  const request = ["request", "-t", "a", "-n", broker.url];
  const { stdout: hex } = await midge([...request, "--hex", "-N"]);
  assertEquals(hex, "c3a9");
  const { stdout: json } = await midge([...request, "--json"]);
  assertEquals(JSON.parse(json).payload, "é");
});
