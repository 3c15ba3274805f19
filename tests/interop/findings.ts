// What is known of each server: the versions it speaks, what it does not offer, and where it departs from the
// specification. `deno task interop` says where that does not hold any more; docs/INTEROP.md shows it.

import type { ProtocolVersion } from "../../mod.ts";

/** Scenarios that do not pass with a server, for one reason. */
export interface Note {
  /** Their names. */
  readonly scenarios: readonly string[];
  /** Where it is not so under each version that has them. */
  readonly versions?: readonly ProtocolVersion[];
  readonly outcome: "not offered" | "departs";
  /** What the server says or does, as a sentence. */
  readonly why: string;
}

/** What is known of a server. */
export interface Findings {
  /** As its makers call it. */
  readonly name: string;
  /** The version that was looked at; undefined for what is of the same age as the scenarios. */
  readonly seen: string | undefined;
  /** The versions of MQTT that it speaks. */
  readonly versions: readonly ProtocolVersion[];
  readonly notes: readonly Note[];
}

const NO_LIMIT = "CONNACK announces no such limit.";

const NO_RESPONSE_INFORMATION = {
  scenarios: [
    "request() begins its Response Topic with the Response Information",
  ],
  outcome: "not offered",
  why: "CONNACK has no Response Information, though it was asked for.",
} as const;

const NO_OUTGOING_ALIASES = {
  scenarios: ["The server names a topic by a Topic Alias"],
  outcome: "not offered",
  why:
    "Each PUBLISH has its Topic Name, though the client's Topic Alias Maximum is 5.",
} as const;

const MOSQUITTO: Findings = {
  name: "Mosquitto",
  seen: "2.0.11",
  versions: [3, 4, 5],
  notes: [
    {
      scenarios: ["A WebSocket leads to the same topics as TCP"],
      outcome: "not offered",
      why:
        "Its WebSocket listener cannot be bound to loopback, so that it is not started here; `tests/interop/websocket_test.ts` has it.",
    },
    {
      scenarios: [
        "A filter is refused in SUBACK, and the others of the SUBSCRIBE are not",
        "A refusal has a Reason String",
        "Request Problem Information 0 keeps Reason Strings away",
      ],
      outcome: "not offered",
      why: "SUBACK grants what its access list denies.",
    },
    {
      scenarios: [
        "A publish is refused in PUBACK, and the connection goes on",
        "A publish is refused in PUBREC, and the connection goes on",
      ],
      outcome: "departs",
      why:
        "PUBACK and PUBREC say 0x87, and then the server closes the connection.",
    },
    {
      scenarios: ["The server keeps to our Receive Maximum"],
      outcome: "departs",
      why:
        "When several messages are acknowledged at once, more follow than our Receive Maximum allows: 9 at once where it is 3.",
    },
    {
      scenarios: ["A client that was taken over is told so (0x8E)"],
      outcome: "departs",
      why: "It closes the connection without DISCONNECT [MQTT-3.1.4-3].",
    },
    {
      scenarios: [
        "A client is told that the server shuts down (0x8B)",
        "A client that sends CONNECT twice is told of a protocol error (0x82)",
        "A client that is silent for too long is told so (0x8D)",
        "A client beyond the server's Receive Maximum is told so (0x93)",
      ],
      outcome: "not offered",
      why: "It closes the connection without DISCONNECT.",
    },
    {
      scenarios: [
        "The server shortens the Session Expiry Interval, and says so",
      ],
      outcome: "not offered",
      why: "It keeps a session as long as it was asked to.",
    },
    NO_OUTGOING_ALIASES,
    NO_RESPONSE_INFORMATION,
    {
      scenarios: [
        "A wildcard is refused here where the server takes none (0xA2)",
        "A shared subscription is refused here where the server has none (0x9E)",
        "A Subscription Identifier is refused here where the server takes none (0xA1)",
      ],
      outcome: "not offered",
      why: NO_LIMIT,
    },
  ],
};

const RABBITMQ: Findings = {
  name: "RabbitMQ",
  seen: "3.10.8",
  versions: [3, 4],
  notes: [
    {
      scenarios: ["A message of QoS 2 is published, and taken at that QoS"],
      outcome: "not offered",
      why: "SUBACK grants QoS 1 at most.",
    },
    {
      scenarios: [
        "A kept session has what was published meanwhile at QoS 2",
        "1000 messages of QoS 2 at once keep their order",
        "100 KiB at QoS 2 arrive byte for byte",
      ],
      outcome: "departs",
      why:
        "It answers a PUBLISH of QoS 2 with PUBACK in place of PUBREC [MQTT-4.3.3-2]. midge ends the connection, and the publish rejects as one whose delivery is unknown: publish at QoS 1.",
    },
    {
      scenarios: ["A Topic Name with dots arrives as it left"],
      outcome: "departs",
      why:
        "It is `a/b` that arrives where `a.b` was published [MQTT-4.7.3-4]: RabbitMQ takes dots and slashes for each other.",
    },
    {
      scenarios: ["A retained message is given to a filter with wildcards"],
      outcome: "not offered",
      why: "Retained messages are given to filters without wildcards alone.",
    },
    {
      scenarios: [
        "A filter is refused in SUBACK, and the others of the SUBSCRIBE are not",
      ],
      outcome: "departs",
      why:
        "It closes the connection without SUBACK where one filter is not allowed [MQTT-3.8.4-1].",
    },
  ],
};

const EJABBERD: Findings = {
  name: "ejabberd",
  seen: "23.01-1",
  versions: [4, 5],
  notes: [
    {
      scenarios: ["A client that names no user is let in"],
      outcome: "not offered",
      why: "CONNACK says that it is not authorized.",
    },
    {
      scenarios: ["A kept session outlives a restart of the server"],
      outcome: "not offered",
      why:
        "Sessions are kept in memory: Session Present is 0 behind a restart.",
    },
    {
      scenarios: [
        "A filter is refused in SUBACK, and the others of the SUBSCRIBE are not",
      ],
      versions: [4],
      outcome: "departs",
      why:
        "SUBACK says 0x8F, which MQTT 3.1.1 has not [MQTT-3.9.3-2]. midge ends the connection.",
    },
    {
      scenarios: [
        "A message whose Message Expiry Interval is over is not delivered",
      ],
      outcome: "departs",
      why:
        "It is delivered all the same to a session that was away [MQTT-3.3.2-5].",
    },
    {
      scenarios: [
        "The server keeps what is beyond our Maximum Packet Size to itself",
      ],
      outcome: "departs",
      why:
        "It sends larger packets [MQTT-3.1.2-24]. midge ends the connection with 0x95.",
    },
    {
      scenarios: ["Request Problem Information 0 keeps Reason Strings away"],
      outcome: "departs",
      why:
        "SUBACK has a Reason String all the same [MQTT-3.1.2-29]. midge ends the connection with 0x82.",
    },
    {
      scenarios: ["UNSUBACK says that there was no such subscription (0x11)"],
      outcome: "not offered",
      why: "UNSUBACK says 0x00 to any filter.",
    },
    {
      scenarios: ["Members of a group share its messages"],
      outcome: "not offered",
      why: "CONNACK says Shared Subscription Available 0.",
    },
    NO_OUTGOING_ALIASES,
    NO_RESPONSE_INFORMATION,
    {
      scenarios: [
        "The server's Receive Maximum is kept to",
        "A packet beyond the server's Maximum Packet Size is refused here (0x95)",
        "A QoS beyond the server's Maximum QoS is refused here (0x9B)",
        "A retained message is refused here where the server keeps none (0x9A)",
        "A wildcard is refused here where the server takes none (0xA2)",
        "A Subscription Identifier is refused here where the server takes none (0xA1)",
        "A client beyond the server's Receive Maximum is told so (0x93)",
        "A client beyond the server's Maximum Packet Size is told so (0x95)",
        "A client that has a message retained where none is is told so (0x9A)",
        "A client beyond the server's Maximum QoS is told so (0x9B)",
      ],
      outcome: "not offered",
      why: NO_LIMIT,
    },
    {
      scenarios: ["The server's Keep Alive is used in place of ours"],
      outcome: "not offered",
      why: "CONNACK names a Server Keep Alive, which is the one asked for.",
    },
    {
      scenarios: ["A client is told that the server shuts down (0x8B)"],
      outcome: "not offered",
      why: "It closes the connection without DISCONNECT.",
    },
  ],
};

const SMALL_BROKER: Findings = {
  name: "midge's own",
  seen: undefined,
  versions: [3, 4, 5],
  notes: [
    {
      scenarios: ["A client is told that the server shuts down (0x8B)"],
      outcome: "not offered",
      why:
        "Its `restart()` breaks wires as a server does that is killed; `close()` says 0x8B.",
    },
  ],
};

/** What is known, by the names of `deno task interop`. */
export const FINDINGS: Readonly<Record<string, Findings>> = {
  mosquitto: MOSQUITTO,
  rabbitmq: RABBITMQ,
  ejabberd: EJABBERD,
  midge: SMALL_BROKER,
};

/** What is known of one scenario: undefined where it passes. */
export function noteOn(
  { notes }: Findings,
  scenario: string,
  protocolVersion: ProtocolVersion,
): Note | undefined {
  return notes.find(({ scenarios, versions }) =>
    scenarios.includes(scenario) &&
    (versions === undefined || versions.includes(protocolVersion))
  );
}
