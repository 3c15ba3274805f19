// What a hook answers becomes a decision with the Reason Codes of MQTT 5, at once or when its promise resolves.

import { assertEquals } from "@std/assert";
import type { BrokerConnection } from "../../src/broker/connection.ts";
import {
  type AuthenticationReply,
  type BrokerHooks,
  type ClientIdentity,
  decide,
  questionsOf,
  type Verdict,
} from "../../src/broker/hooks.ts";
import type { BrokerQuestion } from "../../src/broker/question.ts";
import { NO_PROPERTIES } from "../../src/codec/packet.ts";

const PACKET = {
  type: "connect",
  protocolVersion: 4,
  cleanStart: true,
  keepAlive: 0,
  clientId: "",
  username: "alice",
  password: new TextEncoder().encode("se©ret"),
  will: undefined,
  properties: NO_PROPERTIES,
} as const;

const CONNECTION: BrokerConnection = {
  peer: "memory:1",
  clientId: "given",
  connectPacket: PACKET,
  protocolVersion: 4,
  isConnected: false,
  isEnding: false,
  isPaused: false,
  outgoingSize: 0,
  takeBytes: () => undefined,
};

const IDENTITY: ClientIdentity = {
  clientId: "given",
  username: "alice",
  protocolVersion: 4,
  peer: "memory:1",
};

const CONNECT: BrokerQuestion = {
  type: "connect",
  connection: CONNECTION,
  packet: PACKET,
};

const PUBLISH: BrokerQuestion = {
  type: "publish",
  connection: CONNECTION,
  message: {
    topicName: "a/b",
    payload: Uint8Array.of(1),
    qos: 1,
    retain: true,
    properties: NO_PROPERTIES,
  },
  isWill: false,
};

const request = (topicFilter: string, qos: 0 | 1 | 2) => ({
  topicFilter,
  qos,
  noLocal: false,
  retainAsPublished: false,
  retainHandling: 0,
} as const);

const SUBSCRIBE: BrokerQuestion = {
  type: "subscribe",
  connection: CONNECTION,
  subscriptions: [request("a/#", 2), request("b", 1)],
};

Deno.test("questionsOf asks where there is a hook, and nothing where there is none", () => {
  assertEquals(questionsOf({}), {
    connect: false,
    publish: false,
    subscribe: false,
    authenticationMethods: [],
  });
  assertEquals(
    questionsOf({
      authenticate: () => true,
      authorize: () => true,
      authenticationMethods: { PLAIN: () => true, X: () => true },
    }),
    {
      connect: true,
      publish: true,
      subscribe: true,
      authenticationMethods: ["PLAIN", "X"],
    },
  );
});

Deno.test("decide tells authenticate who logs in", () => {
  let asked: unknown;
  const authenticate: BrokerHooks["authenticate"] = (login) => {
    asked = login;
    return true;
  };
  assertEquals(decide(CONNECT, { authenticate }), { reasonCode: 0 });
  assertEquals(asked, {
    ...IDENTITY,
    password: PACKET.password,
    passwordText: "se©ret",
  });
});

Deno.test("decide tells authorize what is published", () => {
  let asked: unknown;
  const authorize: BrokerHooks["authorize"] = (request) => {
    asked = request;
    return true;
  };
  assertEquals(decide(PUBLISH, { authorize }), { reasonCode: 0 });
  assertEquals(asked, {
    ...IDENTITY,
    action: "publish",
    topic: "a/b",
    payload: Uint8Array.of(1),
    qos: 1,
    retain: true,
    isWill: false,
  });
});

Deno.test("decide asks authorize about each Topic Filter", () => {
  const asked: unknown[] = [];
  const authorize: BrokerHooks["authorize"] = (request) => {
    asked.push(request);
    return request.topic === "b";
  };
  assertEquals(decide(SUBSCRIBE, { authorize }), {
    reasonCode: 0x87,
    reasonCodes: [0x87, 2],
  });
  assertEquals(asked, [
    { ...IDENTITY, action: "subscribe", topic: "a/#", qos: 2 },
    { ...IDENTITY, action: "subscribe", topic: "b", qos: 1 },
  ]);
});

const PROPERTIES = { reasonString: "closed on Sundays" };

const VERDICTS: readonly [
  verdict: Verdict,
  connect: unknown,
  publish: unknown,
  subscribe: unknown,
][] = [
  [
    true,
    { reasonCode: 0 },
    { reasonCode: 0 },
    { reasonCode: 2, reasonCodes: [2, 2] },
  ],
  [
    false,
    { reasonCode: 0x86 },
    { reasonCode: 0x87 },
    { reasonCode: 0x87, reasonCodes: [0x87, 0x87] },
  ],
  [
    0x97,
    { reasonCode: 0x97 },
    { reasonCode: 0x97 },
    { reasonCode: 0x97, reasonCodes: [0x97, 0x97] },
  ],
  [
    { reasonCode: 0x8a, properties: PROPERTIES },
    { reasonCode: 0x8a, properties: PROPERTIES },
    { reasonCode: 0x8a, properties: PROPERTIES },
    { reasonCode: 0x8a, reasonCodes: [0x8a, 0x8a], properties: PROPERTIES },
  ],
];

for (const [verdict, connect, publish, subscribe] of VERDICTS) {
  const name = JSON.stringify(verdict);
  Deno.test(`decide takes ${name}, and the same in a promise`, async () => {
    const now: BrokerHooks = {
      authenticate: () => verdict,
      authorize: () => verdict,
    };
    const later: BrokerHooks = {
      authenticate: () => Promise.resolve(verdict),
      authorize: () => Promise.resolve(verdict),
    };
    for (
      const [question, decision] of [
        [CONNECT, connect],
        [PUBLISH, publish],
        [SUBSCRIBE, subscribe],
      ] as const
    ) {
      assertEquals(decide(question, now), decision);
      const promise = decide(question, later);
      assertEquals(promise instanceof Promise, true);
      assertEquals(await promise, decision);
    }
  });
}

const DATA = Uint8Array.of(7);

const REPLIES: readonly [AuthenticationReply, unknown][] = [
  [true, { reasonCode: 0 }],
  [false, { reasonCode: 0x87 }],
  [0x8c, { reasonCode: 0x8c }],
  [
    { data: DATA, more: true },
    { reasonCode: 0x18, properties: { authenticationData: DATA } },
  ],
  [
    { data: DATA, more: false },
    { reasonCode: 0, properties: { authenticationData: DATA } },
  ],
];

for (const [reply, decision] of REPLIES) {
  Deno.test(`decide takes ${JSON.stringify(reply)} of an authentication method`, async () => {
    const question: BrokerQuestion = {
      type: "authenticate",
      connection: CONNECTION,
      step: "connect",
      authenticationMethod: "X",
      authenticationData: DATA,
    };
    let asked: unknown;
    assertEquals(
      decide(question, {
        authenticationMethods: {
          X: (step) => {
            asked = step;
            return reply;
          },
        },
      }),
      decision,
    );
    assertEquals(asked, { ...IDENTITY, step: "connect", data: DATA });
    assertEquals(
      await decide(question, {
        authenticationMethods: { X: () => Promise.resolve(reply) },
      }),
      decision,
    );
  });
}

Deno.test("decide takes no answer at all for a refusal, now or later", async () => {
  for (const nothing of [undefined, null]) {
    const now = () => nothing;
    const later = () => Promise.resolve(nothing);
    for (const hook of [now, later]) {
      const hooks: BrokerHooks = {};
      // TypeScript would not let it pass, and JavaScript does.
      Object.assign(hooks, { authenticate: hook, authorize: hook });
      assertEquals(await decide(CONNECT, hooks), { reasonCode: 0x86 });
      assertEquals(await decide(PUBLISH, hooks), { reasonCode: 0x87 });
      assertEquals(await decide(SUBSCRIBE, hooks), {
        reasonCode: 0x87,
        reasonCodes: [0x87, 0x87],
      });
    }
  }
});
