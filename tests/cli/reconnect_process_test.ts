// What a lost connection does to a command, with a real broker that stops and starts again on its port.

import { assertEquals, assertMatch, assertStringIncludes } from "@std/assert";
import { findMosquitto } from "../support/mosquitto.ts";
import { mosquittoPub } from "../support/mosquitto_clients.ts";
import { RestartedMosquitto } from "../support/restarted_mosquitto.ts";
import { Midge, subscribed } from "./process.ts";

const executable = await findMosquitto();

/** `Deno.test` with a broker of its own that runs; it keeps what it has over a stop, or not. */
function restartTest(
  name: string,
  run: (broker: RestartedMosquitto) => Promise<void>,
  persistence = true,
): void {
  Deno.test({
    name: executable === undefined ? `${name} (needs mosquitto)` : name,
    ignore: executable === undefined,
    timeout: 60_000,
    async fn() {
      await using broker = new RestartedMosquitto({
        executable: executable ?? "",
        persistence,
      });
      await broker.start();
      await run(broker);
    },
  });
}

/** Mosquitto writes no session to disk that was begun clean. */
function kept(clientId: string): string[] {
  return ["-c", "-i", clientId];
}

/** The lines of the command itself, without the packets and changes of -d. */
function ownLines(stderr: string): string[] {
  return stderr.split("\n").filter((line) => line.startsWith("midge: "));
}

/** Publishes with mosquitto_pub: `topic`, `payload`, and `-r` where it may come before the filter does. */
async function send(
  { port }: RestartedMosquitto,
  topic: string,
  payload: string,
  ...more: readonly string[]
): Promise<void> {
  const args = ["-t", topic, "-m", payload, "-q", "1", ...more];
  await mosquittoPub({ tcp: port }, 5, args);
}

restartTest(
  "subscribe tells of a lost broker, comes back, and goes on with its session",
  async (broker) => {
    await using subscriber = await subscribed([
      ...["-p", `${broker.port}`, "-t", "a", "-t", "b", "-q", "1", "-C", "2"],
      ...kept("subscriber"),
    ]);
    await send(broker, "a", "before");
    await subscriber.stdout.until("before\n");
    await broker.stop();
    await subscriber.stderr.until("midge: the connection");
    await broker.start();
    await subscriber.stderr.until("midge: back");
    await send(broker, "b", "after");
    const { code, stdout, stderr } = await subscriber.ended();
    assertEquals({ code, stdout }, { code: 0, stdout: "before\nafter\n" });
    const [lost = "", ...further] = ownLines(stderr);
    assertMatch(
      lost,
      /^midge: the connection to localhost:\d+ was lost: .*; retry 1 in \d\.\d s$/,
    );
    assertMatch(
      further.at(-1) ?? "",
      /^midge: back after [\d.]+ s: session resumed, 2 filters restored$/,
    );
    for (const line of further.slice(0, -1)) {
      assertMatch(
        line,
        /^midge: cannot connect to .*: connection refused; retry \d in /,
      );
    }
  },
);

restartTest(
  "subscribe asks again for its filters where the broker has lost the session",
  async (broker) => {
    await using subscriber = await subscribed([
      ...["-p", `${broker.port}`, "-t", "a", "-C", "1", "-V", "3.1.1"],
    ]);
    await broker.stop();
    await broker.start();
    await subscriber.stderr.until("midge: back");
    await send(broker, "a", "x", "-r");
    const { code, stdout, stderr } = await subscriber.ended();
    assertEquals({ code, stdout }, { code: 0, stdout: "x\n" });
    assertMatch(
      stderr,
      /\nmidge: back after .*: a new session, 1 filter restored\n/,
    );
  },
  false,
);

restartTest(
  "publish -l loses no line to a restart of the broker, and subscribe none of them",
  async (broker) => {
    const port = ["-p", `${broker.port}`];
    await using subscriber = await subscribed([
      ...[...port, "-t", "a", "-q", "2", "-C", "5", ...kept("subscriber")],
    ]);
    await using publisher = new Midge(
      ["publish", ...port, "-t", "a", "-q", "2", "-l", ...kept("publisher")],
      { stdin: "piped" },
    );
    await publisher.write("one\n");
    await subscriber.stdout.until("one\n");
    await broker.stop();
    await publisher.stderr.until("was lost");
    await publisher.write("two\nthree\n");
    await broker.start();
    await publisher.stderr.until("back after");
    await publisher.write("four\nfive");
    await publisher.closeStdin();
    const published = await publisher.ended();
    assertEquals(published.code, 0);
    assertMatch(published.stderr, /back after .*: session resumed\n$/);
    const { code, stdout } = await subscriber.ended();
    assertEquals(
      { code, stdout },
      { code: 0, stdout: "one\ntwo\nthree\nfour\nfive\n" },
    );
  },
);

restartTest(
  "test publishes and prints on after a restart of the broker",
  async (broker) => {
    await using running = new Midge([
      ...["test", "-p", `${broker.port}`, "--interval", "50ms", "-d"],
    ]);
    await running.stderr.until("sent PUBLISH");
    await broker.stop();
    await running.stderr.until("was lost");
    await broker.start();
    await running.stderr.until("1 filter restored");
    await send(broker, "test/2", "quit", "-r");
    const { code, stdout } = await running.ended();
    assertEquals(
      { code, stdout },
      { code: 0, stdout: "Topic: test/2, message: 'quit'\n" },
    );
  },
);

restartTest(
  "--reconnect=N gives up after N failures in a row, with exit code 7",
  async (broker) => {
    await using subscriber = await subscribed([
      ...["-p", `${broker.port}`, "-t", "a", "--reconnect=2"],
    ]);
    await broker.stop();
    const { code, stderr } = await subscriber.ended();
    assertEquals(code, 7);
    const refused =
      `cannot connect to localhost:${broker.port}: connection refused`;
    const [lost = "", retry = "", last, ...others] = ownLines(stderr);
    assertStringIncludes(lost, "; retry 1 in ");
    assertStringIncludes(retry, `midge: ${refused}; retry 2 in `);
    assertEquals(last, `midge: the connection was lost for good: ${refused}`);
    assertEquals(others, []);
  },
);

for (
  const [args, wanted] of [
    [["subscribe", "-t", "a"], { code: 0, signal: null }],
    [["subscribe", "-t", "a", "-C", "2"], { code: 130, signal: "SIGINT" }],
    [["publish", "-t", "a", "-l", "-q", "1"], { code: 130, signal: "SIGINT" }],
    [["test"], { code: 0, signal: null }],
  ] as const
) {
  restartTest(
    `SIGINT ends midge ${args.join(" ")} while the broker is away`,
    async (broker) => {
      await using running = new Midge([...args, "-d", "-p", `${broker.port}`], {
        stdin: "piped",
      });
      await running.stderr.until(
        args[0] === "publish" ? "received CONNACK" : "received SUBACK",
      );
      await broker.stop();
      await running.stderr.until("midge: the connection");
      await running.write("in hand\n");
      running.kill("SIGINT");
      const { code, signal } = await running.ended();
      assertEquals({ code, signal }, wanted);
    },
  );
}

for (const option of ["-W", "--idle-timeout"]) {
  restartTest(
    `subscribe ${option} runs out while the broker is away`,
    async (broker) => {
      await using subscriber = await subscribed([
        ...["-p", `${broker.port}`, "-t", "a", option, "1.5"],
      ]);
      await broker.stop();
      const { code, stderr } = await subscriber.ended();
      assertEquals(code, 27);
      assertStringIncludes(stderr, "\nmidge: the connection to ");
    },
  );
}

restartTest(
  "--quiet says nothing of a lost broker, and comes back all the same",
  async (broker) => {
    await using subscriber = new Midge([
      ...["subscribe", "-p", `${broker.port}`, "-t", "a", "-C", "2", "--quiet"],
    ]);
    const ended = subscriber.ended();
    // It says nothing: what it prints tells that it is there.
    await send(broker, "a", "x", "-r");
    await subscriber.stdout.until("x\n");
    await broker.stop();
    await broker.start();
    await send(broker, "a", "x", "-r");
    const { code, stdout, stderr } = await ended;
    assertEquals({ code, stdout, stderr }, {
      code: 0,
      stdout: "x\nx\n",
      stderr: "",
    });
  },
  false,
);
