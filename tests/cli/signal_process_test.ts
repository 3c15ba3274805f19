// SIGINT and SIGTERM: goodbye is said first, and whoever waits learns how it ended.

import { assert, assertEquals, assertMatch } from "@std/assert";
import { mosquittoTest } from "../support/mosquitto_tests.ts";
import type { Mosquitto } from "../support/mosquitto.ts";
import { mosquittoPub, mosquittoSub } from "../support/mosquitto_clients.ts";
import { listen, listenRaw } from "./peer.ts";
import { type Ended, Midge } from "./process.ts";

const CONNACK = [0x20, 0x03, 0x00, 0x00, 0x00];
const SUBACK = [0x90, 0x04, 0x00, 0x01, 0x00, 0x00];

/** How the shell shows each of them, and what the wait status says. */
const SIGNALS = [["SIGINT", 130], ["SIGTERM", 143]] as const;

/** These go on until a signal comes: to end them so is no failure. */
const OPEN_ENDED: readonly (readonly string[])[] = [
  ["subscribe", "-t", "x"],
  ["subscribe", "-t", "x", "-W", "60"],
  ["test"],
];

/** These are cut short by a signal. */
const COUNTED: readonly (readonly string[])[] = [
  ["subscribe", "-t", "x", "-C", "2"],
  ["test", "--count", "2", "--interval", "60s"],
  ["publish", "-t", "x", "-l"],
  ["publish", "-t", "x", "-m", "y", "--repeat", "2", "--interval", "60s"],
];

/** What a command says, with -d, when it has nothing to do but to wait. */
function idle([command]: readonly string[]): string {
  return command === "publish" ? "received CONNACK" : "received SUBACK";
}

function assertCutShort(
  { code, signal }: Ended,
  sent: "SIGINT" | "SIGTERM",
): void {
  assertEquals(
    { code, signal },
    { code: sent === "SIGINT" ? 130 : 143, signal: sent },
  );
}

for (const [signal] of SIGNALS) {
  for (const args of OPEN_ENDED) {
    mosquittoTest(
      `${signal} ends midge ${args.join(" ")} with 0, behind DISCONNECT`,
      async (broker) => {
        const { code, stderr } = await interrupted(broker, args, signal);
        assertEquals(code, 0);
        assertMatch(stderr, /sent DISCONNECT 0x00/);
      },
    );
  }
  for (const args of COUNTED) {
    mosquittoTest(
      `${signal} cuts midge ${
        args.join(" ")
      } short: it dies of it, behind DISCONNECT`,
      async (broker) => {
        const ended = await interrupted(broker, args, signal);
        assertCutShort(ended, signal);
        assertMatch(ended.stderr, /sent DISCONNECT 0x00/);
      },
    );
  }

  for (const args of [OPEN_ENDED[0], OPEN_ENDED[2], ...COUNTED]) {
    Deno.test(`${signal} ends midge ${args?.join(" ")} while CONNACK is awaited`, async () => {
      await using peer = listen(() => undefined);
      await using running = new Midge(
        [...args ?? [], "-d", "-p", `${peer.port}`],
        { stdin: "piped" },
      );
      await running.stderr.until("sent CONNECT");
      running.kill(signal);
      const ended = await running.ended();
      if (args && OPEN_ENDED.includes(args)) assertEquals(ended.code, 0);
      else assertCutShort(ended, signal);
      assert(!ended.stderr.includes("midge: cannot"), ended.stderr);
    });
  }

  Deno.test(`${signal} is answered by DISCONNECT at once, though PUBACK is awaited`, async () => {
    const left = Promise.withResolvers<number>();
    await using peer = listen(({ type }) => {
      if (type === "disconnect") left.resolve(performance.now());
      return type === "connect" ? CONNACK : undefined;
    });
    await using publisher = new Midge([
      ...["publish", "-t", "x", "-n", "-q", "1", "-d", "-p", `${peer.port}`],
    ]);
    await publisher.stderr.until("sent PUBLISH");
    const killed = performance.now();
    publisher.kill(signal);
    // To wait for what is under way would take a second.
    assert(await left.promise - killed < 900);
    assertCutShort(await publisher.ended(), signal);
  });
}

Deno.test("A second signal ends a command whose goodbye is not answered", async () => {
  const over = Promise.withResolvers<void>();
  await using peer = listenRaw(async (connection) => {
    const bytes = new Uint8Array(1_000);
    await connection.read(bytes);
    await connection.write(new Uint8Array(CONNACK));
    await connection.read(bytes);
    await connection.write(new Uint8Array(SUBACK));
    await over.promise;
  });
  await using subscriber = new Midge([
    ...["subscribe", "-t", "x", "-d", "-p", `${peer.port}`],
  ]);
  await subscriber.stderr.until("received SUBACK");
  subscriber.kill("SIGINT");
  await subscriber.stderr.until("sent DISCONNECT");
  subscriber.kill("SIGTERM");
  const ended = await subscriber.ended();
  over.resolve();
  assertCutShort(ended, "SIGTERM");
});

for (
  const [signal, published] of [
    ["SIGINT", ["by the test"]],
    ["SIGTERM", ["by the test"]],
    ["SIGKILL", ["by the will", "by the test"]],
  ] as const
) {
  mosquittoTest(
    `${signal} ${published.length > 1 ? "fires" : "does not fire"} the will`,
    async (broker) => {
      const topic = `cli/will/${signal}`;
      await using watcher = await mosquittoSub(broker, 5, {
        filters: [topic],
        count: published.length,
      });
      const will = ["-w", topic, "--will-message", "by the will"];
      await interrupted(broker, ["subscribe", "-t", "x", ...will], signal);
      await mosquittoPub(broker, 5, ["-t", topic, "-m", "by the test"]);
      assertEquals(await watcher.lines(), [...published]);
    },
  );
}

/** Starts a command, sends it a signal when it has nothing to do, and waits for its end. */
async function interrupted(
  broker: Mosquitto,
  args: readonly string[],
  signal: Deno.Signal,
): Promise<Ended> {
  await using running = new Midge([...args, "-d", "-p", `${broker.tcp}`], {
    stdin: "piped",
  });
  await running.stderr.until(idle(args));
  running.kill(signal);
  return await running.ended();
}
