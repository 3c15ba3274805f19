// The limits that either side announces under MQTT 5, and how the other keeps to them.

import { assert, assertEquals, assertRejects } from "@std/assert";
import {
  type MqttError,
  PublishError,
  ReasonCode,
  SubscribeError,
} from "../../../mod.ts";
import { PacketLog } from "./packet_log.ts";
import { take } from "./messages.ts";
import { offered, type ScenarioGroup, since } from "./scenario.ts";

/** So many messages at once run into any window that a server announces to be seen. */
const MANY = 300;

const WINDOW = 3;

export const LIMITS: ScenarioGroup = {
  title: "Limits",
  scenarios: since(5, {
    async "The server's Receive Maximum is kept to"(stage) {
      const { topic } = stage;
      const log = new PacketLog();
      const client = await stage.connect({}, { log, isLimited: true });
      const { receiveMaximum } = client.connection.properties;
      if (receiveMaximum === undefined) {
        return offered(false, "CONNACK has no Receive Maximum");
      }
      await Promise.all(
        Array.from(
          { length: MANY },
          (_, at) => client.publish(topic, `${at}`, { qos: 1 }),
        ),
      );
      assertEquals(log.all("client", "publish").length, MANY);
      const peak = log.peak("client");
      assert(peak <= receiveMaximum, `${peak} are unacknowledged at once`);
    },

    async "The server keeps to our Receive Maximum"(stage) {
      const { topic } = stage;
      const log = new PacketLog();
      const to = await stage.connect({
        properties: { receiveMaximum: WINDOW },
      }, { log });
      const from = await stage.connect();
      const messages = await to.subscribe(topic, { qos: 1, ack: "manual" });
      const lines = Array.from({ length: 5 * WINDOW }, (_, at) => `${at}`);
      for (const line of lines) await from.publish(topic, line, { qos: 1 });
      const texts: string[] = [];
      let held: { ack(): Promise<void> }[] = [];
      for await (const message of messages) {
        texts.push(message.text());
        held.push(message);
        // Whatever the server sends before we acknowledge is here when it has answered.
        await to.publish(`${topic}/round`, "", { qos: 1 });
        if (messages.waiting > 0) continue;
        for (const one of held) await one.ack();
        held = [];
        if (texts.length === lines.length) break;
      }
      assertEquals(texts, lines);
      const peak = log.peak("server");
      assert(peak <= WINDOW, `${peak} are unacknowledged at once`);
    },

    async "A packet beyond the server's Maximum Packet Size is refused here (0x95)"(
      stage,
    ) {
      const client = await stage.connect({}, { isLimited: true });
      const { maximumPacketSize } = client.connection;
      offered(
        maximumPacketSize < Infinity,
        "CONNACK has no Maximum Packet Size",
      );
      await isRefusedHere(
        client.publish(stage.topic, new Uint8Array(maximumPacketSize), {
          qos: 1,
        }),
        ReasonCode.packetTooLarge,
      );
      await client.publish(stage.topic, new Uint8Array(maximumPacketSize / 2), {
        qos: 1,
      });
    },

    async "The server keeps what is beyond our Maximum Packet Size to itself"(
      stage,
    ) {
      const { topic } = stage;
      const to = await stage.connect({
        properties: { maximumPacketSize: 500 },
      });
      const from = await stage.connect();
      const messages = await to.subscribe(topic, { qos: 1 });
      await from.publish(topic, "x".repeat(1_000), { qos: 1 });
      await from.publish(topic, "small", { qos: 1 });
      assertEquals((await take(messages, 1))[0]?.text(), "small");
    },

    async "A QoS beyond the server's Maximum QoS is refused here (0x9B)"(
      stage,
    ) {
      const client = await stage.connect({}, { isLimited: true });
      const { maximumQoS } = client.connection;
      offered(maximumQoS < 2, "CONNACK has no Maximum QoS");
      const refused = client.publish(stage.topic, "", { qos: 2 });
      await isRefusedHere(refused, ReasonCode.qosNotSupported);
      const messages = await client.subscribe(stage.topic, { qos: 2 });
      assertEquals(messages.granted, [maximumQoS]);
    },

    async "A retained message is refused here where the server keeps none (0x9A)"(
      stage,
    ) {
      const client = await stage.connect({}, { isLimited: true });
      const { retainAvailable } = client.connection;
      offered(!retainAvailable, "CONNACK does not say Retain Available 0");
      const refused = client.publish(stage.topic, "", { qos: 1, retain: true });
      await isRefusedHere(refused, ReasonCode.retainNotSupported);
    },

    async "A wildcard is refused here where the server takes none (0xA2)"(
      stage,
    ) {
      const client = await stage.connect({}, { isLimited: true });
      const { wildcardSubscriptionAvailable } = client.connection;
      offered(
        !wildcardSubscriptionAvailable,
        "CONNACK does not say Wildcard Subscription Available 0",
      );
      const error = await assertRejects(
        () => client.subscribe(`${stage.topic}/#`),
        SubscribeError,
      );
      const { wildcardSubscriptionsNotSupported } = ReasonCode;
      assertEquals(error.reasonCode, wildcardSubscriptionsNotSupported);
    },

    async "A shared subscription is refused here where the server has none (0x9E)"(
      stage,
    ) {
      const client = await stage.connect({}, { isLimited: true });
      const { sharedSubscriptionAvailable } = client.connection;
      offered(
        !sharedSubscriptionAvailable,
        "CONNACK does not say Shared Subscription Available 0",
      );
      const error = await assertRejects(
        () => client.subscribe(stage.topic, { shared: "group" }),
        SubscribeError,
      );
      const { sharedSubscriptionsNotSupported } = ReasonCode;
      assertEquals(error.reasonCode, sharedSubscriptionsNotSupported);
    },

    async "A Subscription Identifier is refused here where the server takes none (0xA1)"(
      stage,
    ) {
      const client = await stage.connect({}, { isLimited: true });
      const { subscriptionIdentifiersAvailable } = client.connection;
      offered(
        !subscriptionIdentifiersAvailable,
        "CONNACK does not say Subscription Identifiers Available 0",
      );
      const properties = { subscriptionIdentifier: 1 };
      const error = await assertRejects(
        () => client.subscribe(stage.topic, { properties }),
        SubscribeError,
      );
      const { subscriptionIdentifiersNotSupported } = ReasonCode;
      assertEquals(error.reasonCode, subscriptionIdentifiersNotSupported);
    },

    async "The server's Topic Alias Maximum is kept to"(stage) {
      const log = new PacketLog();
      const client = await stage.connect({}, { log, isLimited: true });
      const { topicAliasMaximum } = client.connection;
      offered(topicAliasMaximum > 0, "CONNACK: Topic Alias Maximum is 0");
      for (let at = 0; at < 2 * topicAliasMaximum && at < MANY; at++) {
        await client.publish(`${stage.topic}/${at}`, "", { qos: 1 });
      }
      const aliases = log.all("client", "publish").map(({ properties }) =>
        properties.topicAlias ?? 0
      );
      assert(Math.max(...aliases) <= topicAliasMaximum, `${aliases}`);
      assert(aliases.some((alias) => alias > 0));
    },

    async "The server's Keep Alive is used in place of ours"(stage) {
      const client = await stage.connect({ keepAlive: 600 }, {
        isLimited: true,
      });
      const { keepAlive, properties: { serverKeepAlive } } = client.connection;
      offered(
        serverKeepAlive !== undefined,
        "CONNACK has no Server Keep Alive",
      );
      assertEquals(keepAlive, serverKeepAlive);
      offered(keepAlive !== 600, "Server Keep Alive is the one asked for");
    },
  }),
};

/** The publish is refused, and has not left. */
async function isRefusedHere(
  published: Promise<unknown>,
  reasonCode: number,
): Promise<void> {
  const error: MqttError = await assertRejects(() => published, PublishError);
  assert(error instanceof PublishError);
  assertEquals([error.reasonCode, error.delivery], [reasonCode, "not-sent"]);
}
