// The small broker with mosquitto's own clients at both ends, under each version.

import { assert, assertEquals, assertMatch } from "@std/assert";
import { Broker, type BrokerEvent } from "../../testing.ts";
import { VirtualClock } from "../client/clock.ts";
import { portOf } from "../support/broker_tests.ts";
import { findMosquitto } from "../support/mosquitto.ts";
import {
  mosquittoPub,
  mosquittoSub,
  type Version,
  VERSIONS,
} from "../support/mosquitto_clients.ts";

const NAMES = { 3: "mqttv31", 4: "mqttv311", 5: "mqttv5" } as const;

const REQUIRED = Deno.env.get("REQUIRE_BROKERS") === "1";

const TIMEOUT_MS = 60_000;

const isInstalled = await findMosquitto() !== undefined;

/** A broker that listens, in a time that passes when a test says so. */
interface Stage {
  readonly broker: Broker;
  readonly clock: VirtualClock;
  readonly tcp: number;
  /** Resolves when so many of these have happened, with the last. */
  event<Type extends BrokerEvent["type"]>(
    type: Type,
    count?: number,
  ): Promise<Extract<BrokerEvent, { type: Type }>>;
}

function clientsTest(
  name: string,
  run: (stage: Stage) => Promise<void>,
): void {
  const ignore = !isInstalled && !REQUIRED;
  Deno.test({
    name: ignore ? `${name} (no mosquitto is installed)` : name,
    ignore,
    timeout: TIMEOUT_MS,
    async fn() {
      const events: BrokerEvent[] = [];
      let told = Promise.withResolvers<void>();
      const clock = new VirtualClock();
      await using broker = await Broker.listen({
        clock,
        onEvent: (event) => {
          events.push(event);
          told.resolve();
          told = Promise.withResolvers();
        },
      });
      await run({
        broker,
        clock,
        tcp: portOf(broker.url),
        async event(type, count = 1) {
          for (;;) {
            const found = events.filter((event) => isOf(event, type));
            const last = found[count - 1];
            if (last !== undefined) return last;
            await told.promise;
          }
        },
      });
    },
  });
}

function isOf<Type extends BrokerEvent["type"]>(
  event: BrokerEvent,
  type: Type,
): event is Extract<BrokerEvent, { type: Type }> {
  return event.type === type;
}

/** Runs one of mosquitto's clients to its end; resolves with what it has printed. */
async function mosquitto(
  program: string,
  { tcp }: Stage,
  version: Version,
  args: readonly string[],
): Promise<string> {
  const { code, stdout, stderr } = await new Deno.Command(program, {
    args: ["-p", `${tcp}`, "-V", NAMES[version], ...args],
    stdin: "null",
  }).output();
  const decoder = new TextDecoder();
  assertEquals(code, 0, decoder.decode(stderr));
  return decoder.decode(stdout);
}

/** A mosquitto_sub. Disposed, it is killed where it has not ended, and its connection is lost. */
interface Running extends AsyncDisposable {
  /** What it has printed when it has ended by itself. */
  output(): Promise<string>;
}

function start(
  { tcp }: Stage,
  version: Version,
  args: readonly string[],
): Running {
  const child = new Deno.Command("mosquitto_sub", {
    args: ["-p", `${tcp}`, "-V", NAMES[version], ...args],
    stdin: "null",
    stdout: "piped",
    stderr: "null",
  }).spawn();
  const output = new Response(child.stdout).text();
  let hasEnded = false;
  child.status.then(() => hasEnded = true);
  return {
    output: () => output,
    async [Symbol.asyncDispose]() {
      if (!hasEnded) child.kill("SIGKILL");
      await output;
      await child.status;
    },
  };
}

for (const version of VERSIONS) {
  const V = `under version ${version}`;

  for (const publisher of VERSIONS) {
    clientsTest(
      `mosquitto_sub ${V} gets each QoS of mosquitto_pub under version ${publisher}`,
      async (stage) => {
        for (const granted of [0, 1, 2] as const) {
          await using subscriber = await mosquittoSub(stage, version, {
            filters: ["qos/#"],
            qos: granted,
            count: 3,
            format: "%t %q %p",
          });
          for (const qos of [0, 1, 2]) {
            await mosquittoPub(stage, publisher, [
              ...["-t", `qos/${qos}`, "-m", `at ${qos}`, "-q", `${qos}`],
            ]);
          }
          assertEquals(
            await subscriber.lines(),
            [0, 1, 2].map((qos) =>
              `qos/${qos} ${Math.min(qos, granted)} at ${qos}`
            ),
          );
        }
      },
    );
  }

  clientsTest(
    `mosquitto_sub gets what is retained, until it is cleared ${V}`,
    async (stage) => {
      const retain = (text: string) =>
        mosquittoPub(stage, version, [
          ...["-t", "kept/a", "-q", "1", "-r"],
          ...(text === "" ? ["-n"] : ["-m", text]),
        ]);
      const get = async () => {
        await using subscriber = await mosquittoSub(stage, version, {
          filters: ["kept/+"],
          qos: 2,
          count: 1,
          format: "%r %q %p",
        });
        await mosquittoPub(stage, 4, ["-t", "kept/b", "-m", "live"]);
        return await subscriber.lines();
      };
      await retain("old");
      await retain("new");
      assertEquals(await get(), ["1 1 new"]);
      await retain("");
      assertEquals(await get(), ["0 0 live"]);
    },
  );

  clientsTest(
    `The will of a mosquitto_sub is published when it is killed, and not when it ends ${V}`,
    async (stage) => {
      await using watcher = await mosquittoSub(stage, version, {
        filters: ["will/#"],
        qos: 2,
        count: 1,
        format: "%t %q %r %p",
      });
      const will = (topic: string) => [
        ...["--will-topic", topic, "--will-payload", "gone"],
        ...["--will-qos", "2", "--will-retain", "-t", "nothing"],
      ];
      await mosquitto("mosquitto_sub", stage, version, [
        ...will("will/no"),
        "-E",
      ]);
      {
        await using _killed = start(stage, version, will("will/yes"));
        // The watcher's, the two before its will, and this one's.
        await stage.event("connected", 4);
      }
      assertEquals(await watcher.lines(), ["will/yes 2 0 gone"]);
      assertEquals(stage.broker.messages.at(-1)?.retain, true);
    },
  );

  clientsTest(
    `A session that mosquitto_sub has left open gets what came meanwhile, in order ${V}`,
    async (stage) => {
      const session = ["-i", "resumed", "-c", "-t", "away/#", "-q", "2"];
      await mosquitto("mosquitto_sub", stage, version, [...session, "-E"]);
      const sent = [1, 2, 1, 2];
      for (const [i, qos] of sent.entries()) {
        await mosquittoPub(stage, version, [
          ...["-t", `away/${i}`, "-q", `${qos}`, "-m", `${i}`],
        ]);
      }
      const printed = await mosquitto("mosquitto_sub", stage, version, [
        ...[...session, "-C", "4", "-F", "%t %q %p"],
      ]);
      assertEquals(
        printed.trim().split("\n").sort(),
        sent.map((qos, i) => `away/${i} ${qos} ${i}`),
      );
      // A clean start forgets it.
      await mosquitto("mosquitto_sub", stage, version, [
        ...["-i", "resumed", "-t", "other", "-E"],
      ]);
      assertEquals(stage.broker.clients, []);
    },
  );

  clientsTest(
    `A second client of the same id takes over ${V}`,
    async (stage) => {
      await using _first = start(stage, version, ["-i", "twin", "-t", "a"]);
      await stage.event("subscribed");
      await mosquittoPub(stage, version, [
        ...["-i", "twin", "-t", "b", "-m", "second", "-q", "1"],
      ]);
      const ended = await stage.event("disconnected");
      assertEquals([ended.clientId, ended.cause], ["twin", "taken-over"]);
      if (version === 5) assertEquals(ended.reasonCode, 0x8e);
      const [message] = await stage.broker.seen("b");
      assertEquals(message?.text(), "second");
    },
  );

  clientsTest(
    `mosquitto_subs that share a subscription get each message once ${V}`,
    async (stage) => {
      const shared = ["-t", "$share/group/shared/#", "-q", "1", "-C", "5"];
      await using one = start(stage, version, shared);
      await using other = start(stage, version, shared);
      await stage.event("subscribed", 2);
      const lines = Array.from({ length: 10 }, (_, i) => `${i}\n`).join("");
      await mosquittoPub(
        stage,
        version,
        ["-t", "shared/a", "-q", "1", "-l"],
        new TextEncoder().encode(lines),
      );
      const got = await one.output() + await other.output();
      assertEquals(got.trim().split("\n").sort().join(""), "0123456789");
    },
  );

  clientsTest(
    `mosquitto_sub leaves a Topic Filter ${V}`,
    async (stage) => {
      const session = ["-i", "leaving", "-c", "-q", "1"];
      await mosquitto("mosquitto_sub", stage, version, [
        ...[...session, "-t", "left", "-t", "kept", "-E"],
      ]);
      // mosquitto_sub wants a Topic Filter to subscribe to, beside the one to leave.
      await mosquitto("mosquitto_sub", stage, version, [
        ...[...session, "-U", "left", "-t", "kept", "-E"],
      ]);
      await stage.event("unsubscribed");
      assertEquals(stage.broker.clients[0]?.topicFilters, ["kept"]);
    },
  );

  clientsTest(
    `mosquitto_pub sends 10 MiB, and mosquitto_sub gets them ${V}`,
    async (stage) => {
      await using subscriber = await mosquittoSub(stage, version, {
        filters: ["large"],
        qos: 2,
        count: 1,
      });
      const payload = new Uint8Array(10 << 20).fill(0x61);
      await mosquittoPub(
        stage,
        version,
        ["-t", "large", "-q", "2", "-s"],
        payload,
      );
      assertEquals((await subscriber.bytes()).length, payload.length);
    },
  );
}

clientsTest(
  "mosquitto_rr gets the answer to its request",
  async (stage) => {
    await using client = await stage.broker.connect({
      protocolVersion: 5,
      onMessage: async ({ properties, payload }) => {
        const { responseTopic = "", correlationData } = properties;
        await client.publish(responseTopic, payload.toReversed(), {
          qos: 1,
          properties: { ...(correlationData && { correlationData }) },
        });
      },
    });
    await client.subscribe("request", { qos: 1 });
    const printed = await mosquitto("mosquitto_rr", stage, 5, [
      ...["-t", "request", "-e", "answer", "-m", "abc", "-q", "1"],
    ]);
    assertEquals(printed, "cba\n");
  },
);

clientsTest(
  "mosquitto_rr and mosquitto_sub share what answers under MQTT 3.1.1 as well",
  async (stage) => {
    await using client = await stage.broker.connect({ protocolVersion: 4 });
    const requests = await client.subscribe("request", { qos: 1 });
    const answering = (async () => {
      for await (const message of requests) {
        await message.ack();
        await client.publish("answer", `${message.text()}!`);
        break;
      }
    })();
    const printed = await mosquitto("mosquitto_rr", stage, 4, [
      ...["-t", "request", "-e", "answer", "-m", "abc", "-q", "1"],
    ]);
    await answering;
    assertEquals(printed, "abc!\n");
  },
);

clientsTest(
  "mosquitto_sub gets every property that mosquitto_pub sets, the expiry less what the message has waited",
  async (stage) => {
    await mosquittoPub(stage, 5, [
      ...["-t", "properties", "-m", "{}", "-q", "1", "-r"],
      ...["-D", "publish", "content-type", "application/json"],
      ...["-D", "publish", "correlation-data", "request-7"],
      ...["-D", "publish", "payload-format-indicator", "1"],
      ...["-D", "publish", "response-topic", "reply/7"],
      ...["-D", "publish", "message-expiry-interval", "600"],
      ...["-D", "publish", "user-property", "b", "1"],
      ...["-D", "publish", "user-property", "a", "2"],
      ...["-D", "publish", "user-property", "b", "3"],
    ]);
    await stage.clock.advance(7_000);
    const printed = await mosquitto("mosquitto_sub", stage, 5, [
      ...["-t", "properties", "-q", "1", "-C", "1"],
      ...["-D", "subscribe", "subscription-identifier", "9"],
      ...["-F", "%C|%D|%F|%R|%E|%S|%P|%p"],
    ]);
    assertEquals(
      printed,
      "application/json|request-7|1|reply/7|593|9|b:1 a:2 b:3|{}\n",
    );
    await stage.clock.advance(593_000);
    await mosquittoPub(stage, 5, ["-t", "properties/not", "-m", "a", "-r"]);
    const left = await mosquitto("mosquitto_sub", stage, 5, [
      ...["-t", "properties/#", "-C", "1"],
    ]);
    assertEquals(left, "a\n");
  },
);

clientsTest(
  "The will of a mosquitto_sub waits its Will Delay Interval",
  async (stage) => {
    {
      await using _killed = start(stage, 5, [
        ...["--will-topic", "will", "--will-payload", "gone", "-t", "a"],
        ...["-D", "will", "will-delay-interval", "30", "-x", "60", "-c"],
        ...["-i", "delayed"],
      ]);
      await stage.event("subscribed");
    }
    await stage.event("disconnected");
    await stage.clock.advance(29_999);
    assertEquals(stage.broker.messages, []);
    await stage.clock.advance(1);
    assertEquals(stage.broker.messages.map(({ topic }) => topic), ["will"]);
  },
);

clientsTest(
  "mosquitto_sub that asks for Retain As Published gets the flag as the publisher set it",
  async (stage) => {
    for (
      const [options, flag] of [[[], "0"], [
        ["--retain-as-published"],
        "1",
      ]] as const
    ) {
      await using subscriber = start(stage, 5, [
        ...["-t", "flag", "-C", "1", "-F", "%r %p", "-T", "kept", ...options],
      ]);
      await stage.event("subscribed", flag === "0" ? 1 : 2);
      await mosquittoPub(stage, 5, ["-t", "flag", "-m", "live", "-r"]);
      assertEquals(await subscriber.output(), `${flag} live\n`);
      await mosquittoPub(stage, 5, ["-t", "flag", "-n", "-r"]);
    }
  },
);

clientsTest(
  "mosquitto_pub uses a Topic Alias, and is told its Receive Maximum",
  async (stage) => {
    await mosquittoPub(
      stage,
      5,
      [
        ...["-t", "alias", "-q", "1", "-l"],
        ...["-D", "publish", "topic-alias", "3"],
      ],
      new TextEncoder().encode("a\nb\nc\n"),
    );
    assertEquals(
      stage.broker.messages.map(({ topic, properties }) => [topic, properties]),
      Array(3).fill(["alias", {}]),
    );
  },
);

clientsTest(
  "mosquitto_sub with a Receive Maximum of 1 and a Maximum Packet Size gets what fits, one at a time",
  async (stage) => {
    const session = [
      ...["-i", "narrow", "-c", "-t", "narrow", "-q", "2"],
      ...["-D", "connect", "receive-maximum", "1"],
      ...["-D", "connect", "maximum-packet-size", "100"],
    ];
    await mosquitto("mosquitto_sub", stage, 5, [...session, "-E"]);
    for (const text of ["1", "x".repeat(100), "2", "3"]) {
      await mosquittoPub(stage, 5, ["-t", "narrow", "-q", "2", "-m", text]);
    }
    const printed = await mosquitto("mosquitto_sub", stage, 5, [
      ...[...session, "-C", "3"],
    ]);
    assertEquals(printed, "1\n2\n3\n");
    assertEquals(stage.broker.stats.messagesDropped["too-large"], 1);
  },
);

clientsTest(
  "A mosquitto_pub that does not send within its Keep Alive is disconnected",
  async (stage) => {
    const child = new Deno.Command("mosquitto_pub", {
      args: [
        ...["-p", `${stage.tcp}`, "-V", "mqttv5", "-t", "a", "-k", "10"],
        ...["-l", "-i", "idle"],
      ],
      stdin: "piped",
      stdout: "null",
      stderr: "null",
    }).spawn();
    await stage.event("connected");
    await stage.clock.advance(15_000);
    const ended = await stage.event("disconnected");
    assertEquals([ended.cause, ended.reasonCode], ["keep-alive", 0x8d]);
    child.kill("SIGKILL");
    await child.status;
    await child.stdin.close().catch(() => {});
  },
);

clientsTest(
  "A mosquitto_pub with a wrong password is told so in the words of its version",
  async () => {
    await using broker = await Broker.listen({
      authenticate: ({ username, passwordText }) =>
        username === "alice" && passwordText === "secret",
      authorize: ({ topic }) => !topic.startsWith("secret/"),
    });
    const publish = async (version: Version, ...args: string[]) => {
      const { code, stderr } = await new Deno.Command("mosquitto_pub", {
        args: [
          ...["-p", `${portOf(broker.url)}`, "-V", NAMES[version]],
          ...["-m", "x", "-q", "1", "-u", "alice", ...args],
        ],
      }).output();
      return `${code} ${new TextDecoder().decode(stderr)}`;
    };
    for (const version of VERSIONS) {
      const said = await publish(version, "-t", "a", "-P", "wrong");
      assertMatch(
        said,
        version === 5
          ? /^134 .*Bad User Name or Password/
          : /^4 .*bad user name/i,
      );
    }
    assertEquals(await publish(5, "-t", "a", "-P", "secret"), "0 ");
    const refused = await publish(5, "-t", "secret/a", "-P", "secret");
    assertMatch(refused, /Not authorized/);
    assert(broker.messages.every(({ topic }) => topic === "a"));
  },
);
