// subscribe --store: the next run goes on with the session, also where this one is killed.

import { assert, assertEquals, assertMatch } from "@std/assert";
import { connect } from "../../mod.ts";
import { address, mosquittoTest } from "../support/mosquitto_tests.ts";
import { Midge, midge, subscribed } from "./process.ts";
import { numbered, StoreFile, Way } from "./stored.ts";

mosquittoTest(
  "subscribe --store goes on with what came meanwhile, under an invented client id",
  async (broker) => {
    for (const version of ["5", "3.1.1"]) {
      await using file = new StoreFile();
      const topic = `cli/session/${version}`;
      const command = [
        ...["-p", `${broker.tcp}`, "-t", topic, "-q", "2", "-V", version],
        ...["--store", file.path],
      ];
      await using first = await subscribed(command);
      first.kill("SIGKILL");
      await first.ended();
      await using publisher = await connect(address(broker.tcp));
      for (const line of numbered(5)) {
        await publisher.publish(topic, line, { qos: 2 });
      }
      const { code, stdout, stderr } = await midge([
        ...["subscribe", ...command, "-C", "5"],
      ]);
      assertEquals([code, stdout, stderr], [
        0,
        numbered(5).join("\n") + "\n",
        "",
      ]);
    }
  },
);

mosquittoTest(
  "subscribe --store prints each message of QoS 2 once through kills, but for those that it had in hand",
  async (broker) => {
    await using file = new StoreFile();
    using way = new Way(broker.tcp);
    const topic = "cli/once";
    const command = [
      ...["subscribe", "-p", way.port, "-t", topic, "-q", "2"],
      // Mosquitto sends 20 at a time then: what it had sent before a kill is too much for MQTT 5 at times.
      ...["--store", file.path, "-V", "3.1.1"],
    ];
    await using first = await subscribed(command.slice(1));
    first.kill("SIGINT");
    await first.ended();
    const lines = numbered(1_000);
    await using publisher = await connect(address(broker.tcp));
    for (const line of lines) {
      await publisher.publish(topic, line, { qos: 2 });
    }
    const printed: string[] = [];
    const take = (stdout: string) => {
      const run = stdout.split("\n").slice(0, -1);
      // What comes again was the last that the runs before have printed, and it may be killed before it is through.
      const again = printed.lastIndexOf(run[0] ?? "");
      const inHand = again < 0 ? [] : printed.slice(again);
      const common = Math.min(inHand.length, run.length);
      assertEquals(run.slice(0, common), inHand.slice(0, common));
      printed.push(...run.slice(common));
    };
    // PUBREC and PUBCOMP from here, PUBREL to here.
    for (const [type, direction] of TRIGGERS) {
      for (const passes of [false, true]) {
        const trigger = { type, direction, passes, count: 17 };
        const { signal, stdout } = await way.killed(trigger, command, {});
        assertEquals(signal, "SIGKILL");
        take(stdout);
      }
    }
    assert(printed.length < lines.length, `${printed.length}`);
    const rest = await midge([...command, "-W", "1"]);
    assertEquals(rest.code, 27);
    take(rest.stdout);
    assertEquals(printed, lines);
  },
);

const TRIGGERS = [
  [5, "to-server"],
  [6, "to-client"],
  [7, "to-server"],
] as const;

mosquittoTest(
  "subscribe --store says where the server has lost the session",
  async (broker) => {
    await using file = new StoreFile();
    const command = [
      ...["-p", `${broker.tcp}`, "-t", "cli/lost", "-q", "1", "-i", "lost"],
      ...["--store", file.path],
    ];
    await using first = await subscribed(command);
    first.kill("SIGTERM");
    await first.ended();
    await using other = await connect(address(broker.tcp), {
      clientId: "lost",
    });
    await other.disconnect();
    await using again = new Midge(["subscribe", ...command]);
    await again.stderr.until("\n");
    again.kill("SIGTERM");
    const { code, stderr } = await again.ended();
    assertEquals(code, 0);
    assertEquals(
      stderr,
      `midge: the server has lost the session of ${file.path}: what was published meanwhile does not come\n`,
    );
    assertMatch(
      (await midge([
        ...["publish", "-p", `${broker.tcp}`, "-t", "a", "-m", "x"],
        ...["-q", "1", "--store", file.path],
      ])).stderr,
      /^midge: \S+ belongs to another command or program\. Take another --store\n$/,
    );
  },
);
