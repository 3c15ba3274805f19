// What no server may be sent is refused here, in every version, before a byte leaves.

import { assert, assertEquals } from "@std/assert";
import type { Client, ConnectOptions, ProtocolVersion } from "../../mod.ts";
import { connected, dial } from "./server.ts";

const VERSIONS: readonly ProtocolVersion[] = [3, 4, 5];

/** One byte more than a field can have. */
const LONG = "x".repeat(65_536);
/** As many characters as a field can have bytes, and one of them takes two. */
const WIDE = "é" + "x".repeat(65_534);
const SURROGATE = "a\uD800b";
const NUL = "a\u0000b";

/** What no string may be. */
const STRINGS = { LONG, WIDE, SURROGATE, NUL };

/** What nothing may be that is to be a value of its type. */
// deno-lint-ignore no-explicit-any -- such values come from programs that are not type-checked.
const wrong = (value: unknown): any => value;

/** Calls that are refused in each version. */
const CALLS: Record<string, (client: Client) => Promise<unknown>> = {
  "publish to an empty topic": (client) => client.publish("", ""),
  "publish to a topic with +": (client) => client.publish("a/+", ""),
  "publish to a topic with #": (client) => client.publish("#", ""),
  "publish to what is no string": (client) => client.publish(wrong(7), ""),
  "publish at QoS 3": (client) => client.publish("a", "", { qos: wrong(3) }),
  "publish a number": (client) => client.publish("a", wrong(7)),
  "subscribe to an empty filter": (client) => client.subscribe(""),
  "subscribe to nothing": (client) => client.subscribe([]),
  "subscribe at QoS 3": (client) => client.subscribe("a", { qos: wrong(3) }),
  "subscribe to a# and b": (client) => client.subscribe(["b", "a#"]),
  "subscribe to #/a": (client) => client.subscribe("#/a"),
  "subscribe to a+": (client) => client.subscribe("a+"),
  "subscribe to $share/g": (client) => client.subscribe("$share/g"),
  "subscribe to $share/g/": (client) => client.subscribe("$share/g/"),
  "subscribe to $share//a": (client) => client.subscribe("$share//a"),
  "subscribe to $share/+/a": (client) => client.subscribe("$share/+/a"),
  "unsubscribe from nothing": (client) => client.unsubscribe([]),
  "unsubscribe from an empty filter": (client) => client.unsubscribe(""),
  "unsubscribe from a#": (client) => client.unsubscribe("a#"),
};
for (const [name, text] of Object.entries(STRINGS)) {
  CALLS[`publish to ${name}`] = (client) => client.publish(text, "");
  CALLS[`subscribe to ${name}`] = (client) => client.subscribe(text);
  CALLS[`unsubscribe from ${name}`] = (client) => client.unsubscribe(text);
}

/** Calls that MQTT 5 refuses for their values, and MQTT 3.x because it has no such thing. */
const CALLS_5: Record<string, (client: Client) => Promise<unknown>> = {
  "publish with a Subscription Identifier": (client) =>
    client.publish("a", "", { properties: { subscriptionIdentifiers: [1] } }),
  "publish with Topic Alias 0": (client) =>
    client.publish("a", "", { properties: { topicAlias: 0 } }),
  "publish with a Response Topic that has wildcards": (client) =>
    client.publish("a", "", { properties: { responseTopic: "r/#" } }),
  "publish with Correlation Data that is too long": (client) =>
    client.publish("a", "", {
      properties: { correlationData: new Uint8Array(65_536) },
    }),
  "subscribe with Subscription Identifier 0": (client) =>
    client.subscribe("a", { properties: { subscriptionIdentifier: 0 } }),
  "subscribe with Subscription Identifier 268435456": (client) =>
    client.subscribe("a", {
      properties: { subscriptionIdentifier: 268_435_456 },
    }),
  "subscribe with noLocal to a shared subscription": (client) =>
    client.subscribe("$share/g/a", { noLocal: true }),
  "subscribe with Retain Handling 3": (client) =>
    client.subscribe("a", { retainHandling: wrong(3) }),
};
for (const [name, text] of Object.entries(STRINGS)) {
  const user = [["name", text]] as const;
  CALLS_5[`publish with a Content Type that is ${name}`] = (client) =>
    client.publish("a", "", { properties: { contentType: text } });
  CALLS_5[`publish with a Response Topic that is ${name}`] = (client) =>
    client.publish("a", "", { properties: { responseTopic: text } });
  CALLS_5[`publish with a User Property that is ${name}`] = (client) =>
    client.publish("a", "", { properties: { userProperties: user } });
  CALLS_5[`subscribe with a User Property that is ${name}`] = (client) =>
    client.subscribe("a", { properties: { userProperties: user } });
  CALLS_5[`unsubscribe with a User Property that is ${name}`] = (client) =>
    client.unsubscribe("a", { properties: { userProperties: user } });
  CALLS_5[`disconnect with a Reason String that is ${name}`] = (client) =>
    client.disconnect({ properties: { reasonString: text } });
}

/** Options with which no connection is begun, in any version. */
const CONNECTS: Record<string, ConnectOptions> = {
  "a will with wildcards": { will: { topic: "a/+" } },
  "a will without a topic": { will: { topic: "" } },
  "a will of QoS 3": { will: { topic: "a", qos: wrong(3) } },
  "a will of 65,536 bytes": { will: { topic: "a", payload: LONG } },
  "a password of 65,536 bytes": { username: "u", password: LONG },
  "a Keep Alive of 65,536": { keepAlive: 65_536 },
};
for (const [name, text] of Object.entries(STRINGS)) {
  CONNECTS[`a client id that is ${name}`] = { clientId: text };
  CONNECTS[`a user name that is ${name}`] = { username: text };
  CONNECTS[`a will's topic that is ${name}`] = { will: { topic: text } };
}

/** Options that MQTT 3.x alone refuses. */
const CONNECTS_3: Record<string, ConnectOptions> = {
  "a password without user name": { password: "p" },
  "an empty client id without Clean Session": {
    clientId: "",
    cleanStart: false,
  },
  "properties": { properties: { sessionExpiryInterval: 1 } },
  "a will with properties": {
    will: { topic: "a", properties: { willDelayInterval: 1 } },
  },
};

/** Options of MQTT 5 that it refuses. */
const CONNECTS_5: Record<string, ConnectOptions> = {
  "a Receive Maximum of 0": { properties: { receiveMaximum: 0 } },
  "a Maximum Packet Size of 0": { properties: { maximumPacketSize: 0 } },
  "a will with a Response Topic that has wildcards": {
    will: { topic: "a", properties: { responseTopic: "+" } },
  },
  "Authentication Data without a method": {
    properties: { authenticationData: new Uint8Array(1) },
  },
};
for (const [name, text] of Object.entries(STRINGS)) {
  const userProperties = [[text, "value"]] as const;
  CONNECTS_5[`a User Property that is ${name}`] = {
    properties: { userProperties },
  };
  CONNECTS_5[`a will with a User Property that is ${name}`] = {
    will: { topic: "a", properties: { userProperties } },
  };
  CONNECTS_5[`an Authentication Method that is ${name}`] = {
    properties: { authenticationMethod: text },
  };
}

async function refusalOf(promise: Promise<unknown>): Promise<string> {
  try {
    await promise;
    return "no";
  } catch (error) {
    return error instanceof TypeError || error instanceof RangeError
      ? "yes"
      : String(error);
  }
}

for (const protocolVersion of VERSIONS) {
  Deno.test(`Client refuses calls that no server may see before a byte leaves, version ${protocolVersion}`, async (t) => {
    const { client, server } = await connected({ protocolVersion });
    for (const [name, call] of Object.entries({ ...CALLS, ...CALLS_5 })) {
      await t.step(name, async () => {
        assertEquals(await refusalOf(call(client)), "yes");
        assertEquals(await server.sent(), []);
      });
    }
    assert(client.connected);
    client.close();
  });

  Deno.test(`connect refuses options that no server may see before there is a wire, version ${protocolVersion}`, async (t) => {
    const own = protocolVersion === 5 ? CONNECTS_5 : CONNECTS_3;
    for (const [name, options] of Object.entries({ ...CONNECTS, ...own })) {
      await t.step(name, async () => {
        const { connecting, listener } = dial({ ...options, protocolVersion });
        assertEquals(await refusalOf(connecting), "yes");
        assertEquals(listener.waiting, 0);
      });
    }
  });
}

Deno.test("connect refuses an empty client id under MQTT 3.1 even with Clean Session", async () => {
  const { connecting, listener } = dial({ clientId: "", protocolVersion: 3 });
  assertEquals(await refusalOf(connecting), "yes");
  assertEquals(listener.waiting, 0);
});
