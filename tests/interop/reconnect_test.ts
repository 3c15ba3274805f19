// A real mosquitto that is stopped and started again while clients of ours are at work.

import { assert, assertEquals } from "@std/assert";
import {
  type Client,
  connect,
  type ConnectOptions,
  type StatusEvent,
} from "../../mod.ts";
import { findMosquitto } from "../support/mosquitto.ts";
import { RestartedMosquitto } from "../support/restarted_mosquitto.ts";

const executable = await findMosquitto();

/** Loopback needs no long waits. */
const QUICK: ConnectOptions = { reconnect: { initialMs: 10, maxMs: 100 } };

function restartTest(
  name: string,
  persistence: boolean,
  run: (broker: RestartedMosquitto) => Promise<void>,
): void {
  Deno.test({
    name: executable === undefined ? `${name} (needs mosquitto)` : name,
    ignore: executable === undefined,
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

/** Resolves with the next event of a type. */
async function told<Type extends StatusEvent["type"]>(
  client: Client,
  type: Type,
): Promise<StatusEvent & { type: Type }> {
  for await (const event of client.status()) {
    if (isOf(event, type)) return event;
  }
  throw new Error(`The client has ended before it told ${type}`);
}

function isOf<Type extends StatusEvent["type"]>(
  event: StatusEvent,
  type: Type,
): event is StatusEvent & { type: Type } {
  return event.type === type;
}

const COUNT = 200;

for (const protocolVersion of [4, 5] as const) {
  restartTest(
    `publishes that a restart of the broker cuts all arrive, QoS 2 once, under version ${protocolVersion}`,
    true,
    async (broker) => {
      const options = { ...QUICK, protocolVersion, cleanStart: false };
      await using sender = await connect(broker.url, {
        ...options,
        clientId: "sender",
      });
      await using taker = await connect(broker.url, {
        ...options,
        clientId: "taker",
      });
      const came = new Map<string, number>();
      const all = Promise.withResolvers<void>();
      await taker.subscribe("restart/#", {
        qos: 2,
        onMessage(message) {
          const text = `${message.topic} ${message.text()}`;
          came.set(text, (came.get(text) ?? 0) + 1);
          if (came.size === 2 * COUNT) all.resolve();
        },
      });
      const published: Promise<unknown>[] = [];
      for (let i = 0; i < COUNT; i++) {
        for (const qos of [1, 2] as const) {
          published.push(sender.publish(`restart/${qos}`, `${i}`, { qos }));
        }
        if (i === COUNT / 2) {
          await published[COUNT / 2];
          const back = [told(sender, "back"), told(taker, "back")];
          await broker.stop();
          await broker.start();
          published.push(...back);
        }
      }
      await Promise.all(published);
      await all.promise;
      assertEquals(came.size, 2 * COUNT);
      const twice = [...came].filter(([text, times]) =>
        text.startsWith("restart/2") && times > 1
      );
      assertEquals(twice, []);
    },
  );
}

restartTest(
  "a broker that has forgotten everything is told the filters again, and every publish settles",
  false,
  async (broker) => {
    await using client = await connect(broker.url, QUICK);
    const subscription = await client.subscribe("forgotten/#", { qos: 1 });
    const published: Promise<unknown>[] = [];
    for (let i = 0; i < COUNT; i++) {
      published.push(
        client.publish("forgotten/1", `${i}`, { qos: i % 2 === 0 ? 1 : 2 }),
      );
    }
    const back = told(client, "back");
    await broker.stop();
    await broker.start();
    const { sessionPresent, filtersRestored } = await back;
    assertEquals({ sessionPresent, filtersRestored }, {
      sessionPresent: false,
      filtersRestored: 1,
    });
    await Promise.allSettled(published);
    await client.publish("forgotten/last", "x", { qos: 1 });
    for await (const message of subscription) {
      if (message.topic === "forgotten/last") break;
    }
  },
);

restartTest(
  "disconnect waits for a broker that comes back, and for the publishes it has accepted",
  false,
  async (broker) => {
    const client = await connect(broker.url, QUICK);
    const lost = told(client, "lost");
    await broker.stop();
    await lost;
    const published = client.publish("waited", "x", { qos: 1, retain: true });
    const disconnecting = client.disconnect();
    await broker.start();
    await disconnecting;
    await published;
    assertEquals(await client.closed, undefined);
    await using other = await connect(broker.url);
    for await (const message of await other.subscribe("waited")) {
      assertEquals(message.text(), "x");
      break;
    }
  },
);

restartTest(
  "connect with retryFirst waits for a broker that is started later",
  false,
  async (broker) => {
    await broker.stop();
    const connecting = connect(broker.url, {
      reconnect: { initialMs: 10, maxMs: 100, retryFirst: true },
    });
    await broker.start();
    await using client = await connecting;
    await client.publish("a", "x", { qos: 1 });
  },
);

restartTest(
  "two clients with one id see that they flap, where the broker does not say why",
  false,
  async (broker) => {
    const options = {
      clientId: "same",
      reconnect: { initialMs: 1, maxMs: 20 },
      protocolVersion: 4,
    } as const;
    const one = await connect(broker.url, options);
    const flapping = told(one, "flapping");
    const other = await connect(broker.url, options);
    const { error } = await flapping;
    assert(error.message.includes("closed"));
    one.close();
    other.close();
  },
);
