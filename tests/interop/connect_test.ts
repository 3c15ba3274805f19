// How a connection starts and ends: user and password, client id, will, takeover.

import { assert, assertEquals, assertRejects } from "@std/assert";
import { connect, ConnectError, ConnectionLostError } from "../../mod.ts";
import { brokerTest } from "../support/broker_tests.ts";
import { address } from "../support/mosquitto_tests.ts";
import { mosquittoSub, VERSIONS } from "../support/mosquitto_clients.ts";

/** "Not authorized", which is how mosquitto answers a wrong password. */
const NOT_AUTHORIZED = { 3: 5, 4: 5, 5: 0x87 } as const;

for (const protocolVersion of VERSIONS) {
  const V = `under version ${protocolVersion}`;

  brokerTest(
    `connect() with a wrong or no password is refused with the reason ${V}`,
    async (broker) => {
      for (const login of [{ username: "alice", password: "wrong" }, {}]) {
        const error = await assertRejects(
          () => connect(address(broker.auth), { protocolVersion, ...login }),
          ConnectError,
        );
        assertEquals(error.reasonCode, NOT_AUTHORIZED[protocolVersion]);
        assertEquals(error.protocolVersion, protocolVersion);
      }
    },
  );

  brokerTest(
    `connect() takes user and password from options and from the URL ${V}`,
    async (broker) => {
      await using byOptions = await connect(address(broker.auth), {
        protocolVersion,
        username: "alice",
        password: "secret",
      });
      assertEquals(byOptions.connection.protocolVersion, protocolVersion);
      await using byUrl = await connect(
        `mqtt://%61lice:s%65cret@127.0.0.1:${broker.auth}`,
        { protocolVersion },
      );
      assertEquals(byUrl.connection.protocolVersion, protocolVersion);
    },
  );

  brokerTest(
    `close() leaves the will to the server, with its QoS and retain ${V}`,
    async (broker) => {
      const topic = `connect/will/${protocolVersion}`;
      await using subscriber = await mosquittoSub(broker, protocolVersion, {
        filters: [topic],
        qos: 2,
        count: 1,
        format: "%t %q %p",
      });
      const client = await connect(address(broker.tcp), {
        protocolVersion,
        will: { topic, payload: "gone", qos: 2, retain: true },
      });
      client.close();
      assertEquals(await subscriber.lines(), [`${topic} 2 gone`]);

      await using later = await mosquittoSub(broker, protocolVersion, {
        filters: [topic],
        qos: 1,
        count: 1,
        format: "%r %q %p",
      });
      assertEquals(await later.lines(), ["1 1 gone"]);
    },
  );

  brokerTest(`disconnect() takes the will back ${V}`, async (broker) => {
    const topic = `connect/no-will/${protocolVersion}`;
    await using subscriber = await mosquittoSub(broker, protocolVersion, {
      filters: [topic],
      qos: 1,
      count: 1,
    });
    const client = await connect(address(broker.tcp), {
      protocolVersion,
      will: { topic, payload: "gone", qos: 1 },
    });
    await client.disconnect();
    await using marker = await connect(address(broker.tcp), {
      protocolVersion,
    });
    await marker.publish(topic, "after", { qos: 1 });
    assertEquals(await subscriber.lines(), ["after"]);
  });

  brokerTest(
    `A second client with the same id ends the first, and lives ${V}`,
    async (broker) => {
      const options = { protocolVersion, clientId: `twin-${protocolVersion}` };
      await using first = await connect(address(broker.tcp), {
        ...options,
        reconnect: false,
      });
      const looped = assertRejects(async () => {
        for await (const _ of first) { /* nothing comes */ }
      }, ConnectionLostError);
      await using second = await connect(address(broker.tcp), options);
      await looped;
      await assertRejects(
        () => first.publish("connect/twin", "late", { qos: 1 }),
        ConnectionLostError,
      );
      await second.publish("connect/twin", "alive", { qos: 1 });
    },
  );
}

brokerTest(
  "connect() with an empty client id is given one by the server",
  async (broker) => {
    await using client = await connect(address(broker.tcp), {
      protocolVersion: 5,
      clientId: "",
    });
    assert(client.connection.clientId.length > 0);
  },
);

brokerTest("connect() sends every property of the will", async (broker) => {
  await using subscriber = await mosquittoSub(broker, 5, {
    filters: ["connect/will-properties"],
    qos: 1,
    count: 1,
    format: "%C|%D|%F|%R|%P|%p",
  });
  const client = await connect(address(broker.tcp), {
    protocolVersion: 5,
    will: {
      topic: "connect/will-properties",
      payload: new TextEncoder().encode("gone"),
      qos: 1,
      properties: {
        contentType: "text/plain",
        correlationData: new TextEncoder().encode("7"),
        payloadFormatIndicator: 1,
        responseTopic: "reply",
        messageExpiryInterval: 60,
        willDelayInterval: 0,
        userProperties: [["why", "closed"]],
      },
    },
  });
  client.close();
  assertEquals(await subscriber.lines(), [
    "text/plain|7|1|reply|why:closed|gone",
  ]);
});
