// onMessage: the callback form of the receive loop, and what happens where it fails.

import {
  assert,
  assertEquals,
  assertInstanceOf,
  assertStrictEquals,
} from "@std/assert";
import { type Client, ConnectionLostError, type Message } from "../../mod.ts";
import { isPending, settled } from "./clock.ts";
import { ack, publish, suback } from "./packets.ts";
import { connected, grantUnsubscribe, subscribed } from "./server.ts";

const atQos1 = (packetId: number, topic = "a") =>
  publish(topic, `${packetId}`, { packetId, qos: 1 });

/** A handler whose every call waits until the test ends it. */
class Desk {
  /** The payloads of all calls, in order. */
  readonly begun: string[] = [];
  readonly #calls: PromiseWithResolvers<void>[] = [];

  readonly onMessage = (message: Message): Promise<void> => {
    this.begun.push(message.text());
    const call = Promise.withResolvers<void>();
    this.#calls.push(call);
    return call.promise;
  };

  resolve(call: number): void {
    this.#calls[call]?.resolve();
  }

  reject(call: number, error: unknown): void {
    this.#calls[call]?.reject(error);
  }
}

Deno.test("onMessage is called one at a time and in order, and the message acknowledged when its promise resolves", async () => {
  const { client, server } = await connected();
  const desk = new Desk();
  const { onMessage } = desk;
  await subscribed({ client, server }, "a", { qos: 2, onMessage });
  server.send(
    atQos1(1),
    publish("a", "2", { packetId: 2, qos: 2 }),
    publish("a", "3"),
  );
  await settled();
  assertEquals(desk.begun, ["1"]);
  assertEquals(await server.sent(), []);
  desk.resolve(0);
  assertEquals(await server.sent(), [ack("puback", 1)]);
  assertEquals(desk.begun, ["1", "2"]);
  desk.resolve(1);
  assertEquals(await server.sent(), [ack("pubrec", 2)]);
  assertEquals(desk.begun, ["1", "2", "3"]);
});

Deno.test("onMessage that returns no promise is done when it returns", async () => {
  const topics: string[] = [];
  const { server } = await connected({
    onMessage: ({ topic, payload }) => {
      topics.push(`${topic} ${payload.length}`);
    },
  });
  server.send(atQos1(1), atQos1(2, "b"), publish("c", "345"));
  assertEquals(await server.sent(), [ack("puback", 1), ack("puback", 2)]);
  assertEquals(topics, ["a 1", "b 1", "c 3"]);
});

Deno.test("onMessage of connect gets what no subscription takes", async () => {
  const desk = new Desk();
  const { client, server } = await connected({ onMessage: desk.onMessage });
  const subscription = await subscribed({ client, server }, "a");
  const messages = subscription[Symbol.asyncIterator]();
  server.send(publish("a", "1"), publish("b", "2"));
  assertEquals((await messages.next()).value?.text(), "1");
  assertEquals(desk.begun, ["2"]);
});

Deno.test("onMessage runs as often at once as concurrency says, and acknowledgements leave in order", async () => {
  const { client, server } = await connected();
  const desk = new Desk();
  const { onMessage } = desk;
  await subscribed({ client, server }, "a", {
    qos: 1,
    onMessage,
    concurrency: 3,
  });
  server.send(atQos1(1), atQos1(2), atQos1(3), atQos1(4), atQos1(5));
  await settled();
  assertEquals(desk.begun, ["1", "2", "3"]);
  desk.resolve(1);
  await settled();
  assertEquals(desk.begun, ["1", "2", "3", "4"]);
  assertEquals(await server.sent(), [], "PUBACK 2 waits for PUBACK 1");
  desk.resolve(0);
  assertEquals(await server.sent(), [ack("puback", 1), ack("puback", 2)]);
  assertEquals(desk.begun, ["1", "2", "3", "4", "5"]);
});

Deno.test("onMessage with concurrency is called for each of many messages, once and in order", async () => {
  const begun: string[] = [];
  const { client, server } = await connected();
  const done = Promise.withResolvers<void>();
  let running = 0;
  let most = 0;
  await subscribed({ client, server }, "a", {
    concurrency: 4,
    onMessage: async (message) => {
      begun.push(message.text());
      most = Math.max(most, ++running);
      // Every third call takes a macrotask, the others a microtask.
      await (begun.length % 3 === 0 ? settled() : undefined);
      if (--running === 0 && begun.length === 1_000) done.resolve();
    },
  });
  const packets = Array.from({ length: 1_000 }, (_, i) => publish("a", `${i}`));
  server.send(...packets);
  await done.promise;
  assertEquals(begun, packets.map((_, i) => `${i}`));
  assertEquals(most, 4);
});

const FAILURES: Readonly<Record<string, (error: Error) => unknown>> = {
  throws: (error) => {
    throw error;
  },
  rejects: (error) => Promise.reject(error),
};

for (const [how, fail] of Object.entries(FAILURES)) {
  Deno.test(`onMessage that ${how} ends the client with its error, and the message stays with the server`, async () => {
    const cause = new Error("the program's own");
    const { client, server } = await connected();
    let calls = 0;
    await subscribed({ client, server }, "a", {
      qos: 1,
      onMessage: () => {
        calls++;
        return fail(cause);
      },
    });
    server.send(atQos1(1), publish("a", "2"), atQos1(3), publish("a", "4"));
    const error = await client.closed;
    assertInstanceOf(error, ConnectionLostError);
    assertStrictEquals(error.cause, cause);
    assertEquals(await server.rest(), []);
    await settled();
    assertEquals(calls, 1, "it is not called again");
  });

  Deno.test(`onMessage that ${how} is not called with what has waited for it besides`, async () => {
    const { client, server } = await connected();
    let calls = 0;
    const subscribing = client.subscribe("a", {
      qos: 1,
      onMessage: () => {
        calls++;
        return fail(new Error("the program's own"));
      },
    });
    const { packetId } = await server.next("subscribe");
    server.send(atQos1(1), publish("a", "2"), atQos1(3), suback(packetId, [1]));
    await subscribing;
    await client.closed;
    await settled();
    assertEquals(calls, 1);
  });

  Deno.test(`onMessage that ${how} with onError "reject" refuses the message for good and goes on`, async () => {
    const { client, server } = await connected();
    const payloads: string[] = [];
    await subscribed({ client, server }, "a", {
      qos: 2,
      onError: "reject",
      onMessage: (message) => {
        payloads.push(message.text());
        return message.text() === "4" ? undefined : fail(new Error("no"));
      },
    });
    server.send(
      atQos1(1),
      publish("a", "2", { packetId: 2, qos: 2 }),
      publish("a", "3"),
      atQos1(4),
    );
    assertEquals(await server.sent(), [
      ack("puback", 1, 0x83),
      ack("pubrec", 2, 0x83),
      ack("puback", 4),
    ]);
    assertEquals(payloads, ["1", "2", "3", "4"]);
  });

  Deno.test(`onMessage that ${how} with onError "acknowledge" acknowledges the message and goes on`, async () => {
    const payloads: string[] = [];
    const { server } = await connected({
      onError: "acknowledge",
      onMessage: (message) => {
        payloads.push(message.text());
        return fail(new Error("no"));
      },
    });
    server.send(atQos1(1), publish("a", "2", { packetId: 2, qos: 2 }));
    assertEquals(await server.sent(), [ack("puback", 1), ack("pubrec", 2)]);
    assertEquals(payloads, ["1", "2"]);
  });
}

Deno.test('onMessage with ack "receipt" has its messages acknowledged when they come, those that wait too', async () => {
  const { client, server } = await connected();
  const desk = new Desk();
  const { onMessage } = desk;
  await subscribed({ client, server }, "a", {
    qos: 1,
    onMessage,
    ack: "receipt",
  });
  server.send(atQos1(1), atQos1(2));
  assertEquals(await server.sent(), [ack("puback", 1), ack("puback", 2)]);
  assertEquals(desk.begun, ["1"]);
});

Deno.test('onMessage with ack "manual" has its messages acknowledged by ack() alone', async () => {
  const kept: Message[] = [];
  const { server } = await connected({
    ack: "manual",
    onMessage: (message) => {
      kept.push(message);
    },
  });
  server.send(atQos1(1), atQos1(2));
  assertEquals(await server.sent(), []);
  for (const message of kept) await message.ack();
  assertEquals(await server.sent(), [ack("puback", 1), ack("puback", 2)]);
});

Deno.test("onMessage may await a publish of QoS 2", async () => {
  const { client, server } = await connected();
  await subscribed({ client, server }, "a", {
    qos: 1,
    onMessage: (message) => client.publish("b", message.payload, { qos: 2 }),
  });
  server.send(atQos1(1), atQos1(2));
  for (const id of [1, 2]) {
    const { packetId, payload } = await server.next("publish");
    assertEquals(new TextDecoder().decode(payload), `${id}`);
    server.send(ack("pubrec", packetId));
    await server.next("pubrel");
    server.send(ack("pubcomp", packetId));
    assertEquals(await server.next("puback"), ack("puback", id));
  }
});

Deno.test("onMessage may await disconnect", async () => {
  const { client, server } = await connected();
  let calls = 0;
  const ended = Promise.withResolvers<void>();
  await subscribed({ client, server }, "a", {
    qos: 1,
    onMessage: async () => {
      calls++;
      await client.disconnect();
      ended.resolve();
    },
  });
  server.send(atQos1(1), publish("a", "2"), atQos1(3));
  await server.next("disconnect");
  server.close();
  await ended.promise;
  await settled();
  assertEquals(calls, 1);
  assertEquals(await client.closed, undefined);
});

Deno.test("onMessage may await unsubscribe of its own subscription, and still gets what came before UNSUBACK", async () => {
  const { client, server } = await connected();
  const payloads: string[] = [];
  const subscription = await subscribed({ client, server }, "a", {
    qos: 1,
    onMessage: async (message) => {
      payloads.push(message.text());
      await subscription.unsubscribe();
    },
  });
  server.send(atQos1(1));
  await grantUnsubscribe(server, ["a"], atQos1(2));
  assertEquals(await server.sent(), [ack("puback", 1), ack("puback", 2)]);
  assertEquals(payloads, ["1", "2"]);
});

Deno.test("onMessage that is running when the client disconnects is the last", async () => {
  const { client, server } = await connected();
  const desk = new Desk();
  const { onMessage } = desk;
  await subscribed({ client, server }, "a", { qos: 1, onMessage });
  server.send(atQos1(1), atQos1(2), publish("a", "3"));
  await settled();
  const disconnecting = client.disconnect();
  await server.next("disconnect");
  server.close();
  await disconnecting;
  desk.resolve(0);
  await settled();
  assertEquals(desk.begun, ["1"]);
});

Deno.test("onMessage that rejects after the client has ended does not end the process", async () => {
  for (const onError of ["close", "reject", "acknowledge"] as const) {
    const { client, server } = await connected();
    const desk = new Desk();
    const { onMessage } = desk;
    await subscribed({ client, server }, "a", { qos: 1, onMessage, onError });
    server.send(atQos1(1));
    await settled();
    client.close();
    desk.reject(0, new Error("too late"));
    await settled();
    const error = await client.closed;
    assertStrictEquals(error?.cause, undefined, "the first cause stays");
  }
});

Deno.test("onMessage gets what was sent at QoS 0 before the connection was lost", async () => {
  const { client, server } = await connected({ reconnect: false });
  const desk = new Desk();
  const { onMessage } = desk;
  await subscribed({ client, server }, "a", { qos: 1, onMessage });
  server.send(atQos1(1), publish("a", "2"), atQos1(3), publish("a", "4"));
  await settled();
  server.close();
  await client.closed;
  for (const call of [0, 1, 2]) {
    desk.resolve(call);
    await settled();
  }
  assertEquals(desk.begun, ["1", "2", "4"]);
});

Deno.test("onMessage that is slow for an hour costs no disconnect", async () => {
  const { client, server, clock } = await connected({ keepAlive: 60 });
  const desk = new Desk();
  const { onMessage } = desk;
  await subscribed({ client, server }, "a", { qos: 1, onMessage });
  server.send(atQos1(1));
  await settled();
  let pings = 0;
  for (let minute = 0; minute < 60; minute++) {
    await clock.advance(60_000);
    for (const { type } of await server.sent()) {
      assertEquals(type, "pingreq");
      pings++;
      server.send({ type: "pingresp" });
    }
  }
  assert(pings >= 30, `${pings} PINGREQs`);
  assert(await isPending(closedOf(client)));
  desk.resolve(0);
  assertEquals(await server.sent(), [ack("puback", 1)]);
});

const closedOf = (client: Client): Promise<unknown> => client.closed;
