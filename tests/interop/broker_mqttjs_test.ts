// The small broker with MQTT.js at both ends: each version, over TCP and over WebSocket.

import { assert, assertEquals } from "@std/assert";
import { Broker } from "../../testing.ts";
import { Peer, type PeerTask } from "../support/peer.ts";

const TIMEOUT_MS = 60_000;

type Outcome = (task: PeerTask) => unknown;

/** Each scenario, with what is to come of it under every version. */
const EVERYWHERE: Readonly<Record<string, Outcome>> = {
  qos: ({ topic }) => ({
    granted: [2],
    taken: [0, 1, 2].map((qos) => `${topic}/${qos} ${qos} at ${qos}`),
  }),
  retained: ({ topic }) => ({
    kept: `${topic} 1 retained kept`,
    live: `${topic} 1 live`,
  }),
  will: ({ topic, protocolVersion }) =>
    (protocolVersion === 5 ? ["now", "late"] : ["now"])
      .map((name) => `${topic}/${name} 1 gone`),
  resume: ({ topic, protocolVersion }) => ({
    // CONNACK of MQTT 3.1 has no Session Present.
    present: [false, protocolVersion > 3, false],
    taken: ["1 1", "1 3", "2 0", "2 2"].map((end) => `${topic} ${end}`),
  }),
  takeover: ({ topic, protocolVersion }) => ({
    reasonCode: protocolVersion === 5 ? 0x8e : "closed",
    taken: [`${topic} 1 alive`],
  }),
  large: () => true,
  burst: () => [true, true, true],
  unsubscribe: ({ topic }) => [`${topic}/marker 1 heard`],
};

/** What MQTT 5 alone has. */
const VERSION_5: Readonly<Record<string, Outcome>> = {
  properties: () => ({
    payloadFormatIndicator: true,
    messageExpiryInterval: 600,
    contentType: "application/json",
    responseTopic: "reply",
    correlationData: "7",
    userProperties: { a: ["1", "2"], b: "3" },
    subscriptionIdentifier: 7,
  }),
  options: ({ topic }) => [`${topic} 1 retained foreign`],
  aliases: ({ topic }) =>
    Array.from({ length: 9 }, (_, i) => `${topic}/${i % 3} 1 ${i}`),
  narrow: () => "0123456789",
};

let peer: Peer;

Deno.test.beforeAll(() => {
  peer = new Peer();
});

Deno.test.afterAll(async () => {
  await peer[Symbol.asyncDispose]();
});

function scenarioTest(
  scenario: string,
  wire: "TCP" | "WebSocket",
  protocolVersion: 3 | 4 | 5,
  check: (result: unknown, task: PeerTask, broker: Broker) => void,
): void {
  Deno.test({
    name: `MQTT.js ${scenario} over ${wire} under version ${protocolVersion}`,
    timeout: TIMEOUT_MS,
    async fn() {
      await using broker = await Broker.listen({
        websocketPort: 0,
        authenticate: ({ passwordText }) => passwordText !== "wrong",
      });
      const { url, websocketUrl = "" } = broker;
      const task = {
        url: wire === "TCP" ? url : websocketUrl,
        protocolVersion,
        topic: `mqttjs/${crypto.randomUUID().slice(-12)}`,
      };
      check(await peer.run(scenario, task), task, broker);
    },
  });
}

for (const wire of ["TCP", "WebSocket"] as const) {
  for (const protocolVersion of [3, 4, 5] as const) {
    const scenarios = protocolVersion === 5
      ? { ...EVERYWHERE, ...VERSION_5 }
      : EVERYWHERE;
    for (const [scenario, outcome] of Object.entries(scenarios)) {
      scenarioTest(scenario, wire, protocolVersion, (result, task) => {
        assertEquals(result, outcome(task));
      });
    }
    scenarioTest("refused", wire, protocolVersion, (code) => {
      assertEquals(code, protocolVersion === 5 ? 0x86 : 4);
    });
    scenarioTest("shared", wire, protocolVersion, (result, _task, broker) => {
      const { counts, texts } = result as { counts: number[]; texts: string[] };
      assertEquals(texts, Array.from({ length: 20 }, (_, i) => `${i}`));
      assert(counts.every((count) => count > 0), `${counts}`);
      assertEquals(broker.messages.length, 20);
    });
  }
}
