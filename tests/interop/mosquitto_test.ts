// The other end itself: what the interop tests stand on must not be the reason they pass.

import { assertEquals, assertMatch, assertRejects } from "@std/assert";
import { mosquittoTest } from "../support/mosquitto_tests.ts";
import { startMosquitto } from "../support/mosquitto.ts";
import {
  mosquittoPub,
  mosquittoSub,
  VERSIONS,
} from "../support/mosquitto_clients.ts";

mosquittoTest(
  "mosquitto_pub reaches mosquitto_sub under each version",
  async (broker) => {
    for (const version of VERSIONS) {
      const topic = `ends/${version}`;
      await using subscriber = await mosquittoSub(broker, version, {
        filters: [topic],
        qos: 1,
        count: 2,
        format: "%t %q %p",
      });
      await mosquittoPub(broker, version, [
        "-t",
        topic,
        "-m",
        "one",
        "-q",
        "1",
      ]);
      await mosquittoPub(broker, version, ["-t", topic, "-m", "two"]);
      assertEquals(await subscriber.lines(), [
        `${topic} 1 one`,
        `${topic} 0 two`,
      ]);
    }
  },
);

mosquittoTest(
  "mosquitto_pub that is refused is an error with its words",
  async (broker) => {
    await assertRejects(
      () =>
        mosquittoPub(broker, 4, ["-t", "a", "-m", "x", "-p", `${broker.auth}`]),
      Error,
      "mosquitto_pub: Connection error: Connection Refused: not authorised",
    );
  },
);

mosquittoTest(
  "mosquitto logs, listens on its unix socket, and an executable that dies tells why",
  async (broker) => {
    using _conn = await Deno.connect({ transport: "unix", path: broker.unix });
    assertMatch(await broker.log(), /mosquitto version \S+ running/);
    await assertRejects(
      () => startMosquitto("mosquitto_pub"),
      Error,
      "mosquitto died at its start: Error: Unknown option",
    );
  },
);
