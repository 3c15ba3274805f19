// What a server publishes for a client that is gone.

import { assertEquals } from "@std/assert";
import { type ConnectOptions, ReasonCode } from "../../../mod.ts";
import { plain, take } from "./messages.ts";
import { type ScenarioGroup, since } from "./scenario.ts";

const USER = [["b", "1"], ["a", "2"], ["b", "1"]] as const;

export const WILLS: ScenarioGroup = {
  title: "Wills",
  scenarios: [
    ...since(3, {
      async "A will is published where the connection ends without DISCONNECT"(
        stage,
      ) {
        const { topic } = stage;
        const watcher = await stage.connect();
        const wills = await watcher.subscribe(topic, { qos: 1 });
        const gone = await stage.connect({
          will: { topic, payload: "gone", qos: 1 },
        });
        gone.close();
        assertEquals((await take(wills, 1)).map(plain), [
          [topic, 1, false, "gone"],
        ]);
      },

      async "DISCONNECT takes the will back"(stage) {
        const { topic } = stage;
        const watcher = await stage.connect();
        const wills = await watcher.subscribe(topic, { qos: 1 });
        const will = { topic, payload: "none", qos: 1 } as const;
        await (await stage.connect({ will })).disconnect();
        const gone = await stage.connect({
          will: { ...will, payload: "gone" },
        });
        gone.close();
        assertEquals((await take(wills, 1)).map(plain), [
          [topic, 1, false, "gone"],
        ]);
      },

      async "A will is retained where it is to be"(stage) {
        const { topic } = stage;
        const watcher = await stage.connect();
        const wills = await watcher.subscribe(topic, { qos: 1 });
        const gone = await stage.connect({
          will: { topic, payload: "gone", qos: 1, retain: true },
        });
        gone.close();
        await take(wills, 1);
        const later = await stage.connect();
        const messages = await later.subscribe(topic, { qos: 1 });
        assertEquals((await take(messages, 1)).map(plain), [
          [topic, 1, true, "gone"],
        ]);
      },
    }),

    ...since(5, {
      async "A will waits for its Will Delay Interval"(stage) {
        const { topic } = stage;
        const watcher = await stage.connect();
        const wills = await watcher.subscribe(topic, { qos: 1 });
        const gone = await stage.connect({
          properties: { sessionExpiryInterval: 60 },
          will: {
            ...{ topic, payload: "late", qos: 1 },
            properties: { willDelayInterval: 2 },
          },
        });
        const sooner = await stage.connect({
          will: { topic, payload: "soon", qos: 1 },
        });
        gone.close();
        await gone.closed;
        sooner.close();
        const taken = await take(wills, 2);
        assertEquals(taken.map((will) => will.text()), ["soon", "late"]);
      },

      async "A client that is back within the Will Delay Interval has no will published"(
        stage,
      ) {
        const { topic, clientId } = stage;
        const watcher = await stage.connect();
        const wills = await watcher.subscribe(topic, { qos: 1 });
        const delayed = (payload: string): ConnectOptions => ({
          properties: { sessionExpiryInterval: 60 },
          will: {
            ...{ topic, payload, qos: 1 },
            properties: { willDelayInterval: 2 },
          },
        });
        const gone = await stage.connect({ ...delayed("none"), clientId });
        gone.close();
        await gone.closed;
        await stage.connect({
          ...{ clientId, cleanStart: false },
          properties: { sessionExpiryInterval: 60 },
        });
        // What begins to wait later is there later.
        const other = await stage.connect(delayed("other"));
        other.close();
        assertEquals((await take(wills, 1)).map((will) => will.text()), [
          "other",
        ]);
      },

      async "DISCONNECT with Will Message (0x04) has the will published"(
        stage,
      ) {
        const { topic } = stage;
        const watcher = await stage.connect();
        const wills = await watcher.subscribe(topic, { qos: 1 });
        const client = await stage.connect({
          will: { topic, payload: "meant", qos: 1 },
        });
        const reasonCode = ReasonCode.disconnectWithWillMessage;
        await client.disconnect({ reasonCode });
        assertEquals((await take(wills, 1)).map((will) => will.text()), [
          "meant",
        ]);
      },

      async "A will carries its properties"(stage) {
        const { topic } = stage;
        const watcher = await stage.connect();
        const wills = await watcher.subscribe(topic, { qos: 1 });
        const properties = {
          payloadFormatIndicator: 1,
          contentType: "text/plain",
          responseTopic: `${topic}/reply`,
          correlationData: Uint8Array.of(0, 255),
          userProperties: USER,
        } as const;
        const gone = await stage.connect({
          will: { topic, payload: "gone", qos: 1, properties },
        });
        gone.close();
        const [will] = await take(wills, 1);
        const { subscriptionIdentifiers: _, ...rest } = will?.properties ?? {};
        assertEquals(rest, properties);
      },
    }),
  ],
};
