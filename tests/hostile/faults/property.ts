// The properties of MQTT 5 (chapter 2.2.2.2) in each packet of a server: twice, cut off, out of range, misplaced.

import { bytesOf } from "../../codec/golden.ts";
import {
  type Carrier,
  CARRIERS,
  company,
  packetWith,
  PROPERTIES,
  propertyBytes,
  type PropertyRow,
  senderOf,
} from "../../codec/golden/property.ts";
import { type Fault, PHASES } from "../fault.ts";

/** What a server sends that has properties. */
const SERVER_CARRIERS = CARRIERS.filter((carrier) =>
  senderOf(undefined, carrier) === "server"
);

/** Where a server may send each of them. */
const PLACES = PROPERTIES.flatMap((property) =>
  property.carriers.filter((carrier) =>
    SERVER_CARRIERS.includes(carrier) &&
    senderOf(property, carrier) === "server"
  ).map((carrier) => ({ property, carrier }))
);

const twice = PLACES.filter(({ property }) => !Array.isArray(property.value))
  .map(({ property, carrier }) =>
    fault(`${property.name} twice`, {
      carrier,
      property,
      block: [...propertyBytes(property), ...propertyBytes(property)],
      reasonCode: 0x82,
      clause: "2.2.2.2",
    })
  );

const cutOff = PLACES.map(({ property, carrier }) =>
  fault(`${property.name} cut off`, {
    carrier,
    property,
    block: propertyBytes(property).slice(0, -1),
    reasonCode: 0x81,
    clause: "2.1.4",
  })
);

const misplaced = SERVER_CARRIERS.flatMap((carrier) => {
  const allowed = PROPERTIES.filter(({ carriers }) =>
    carriers.includes(carrier)
  ).map(({ id }) => id);
  return PROPERTIES.filter(({ id }) => !allowed.includes(id))
    .filter(({ name }) => name !== "subscriptionIdentifiers")
    .map((property) =>
      fault(`${property.name}, which is not its own`, {
        carrier,
        block: propertyBytes(property),
        reasonCode: 0x81,
        clause: "2.2.2.2",
      })
    );
});

/** What is wrong with the properties of any packet. */
const GENERAL = {
  "a property of id 0": ["00 00", 0x81, "2.2.2.2"],
  "a property of id 0x7F": ["7f 00", 0x81, "2.2.2.2"],
  "a property of id 0x80": ["80 01 00", 0x81, "2.2.2.2"],
  "a property whose id is longer than needed": [
    "a6 00 00 01 61 00 01 62",
    0x81,
    "2.2.2.2",
  ],
  "a User Property without a value": ["26 00 01 61", 0x81, "2.1.4"],
  "a User Property of 65,535 bytes announced": ["26 ff ff 61", 0x81, "2.1.4"],
} as const;

const general = SERVER_CARRIERS.flatMap((carrier) =>
  Object.entries(GENERAL).map(([name, [bytes, reasonCode, clause]]) =>
    fault(name, { carrier, block: [...bytesOf(bytes)], reasonCode, clause })
  )
);

/** Values that 3.2.2.3 and 3.3.2.3 forbid. */
const OUT_OF_RANGE = {
  "Receive Maximum 0": "21 00 00",
  "Maximum QoS 2": "24 02",
  "Maximum QoS 255": "24 ff",
  "Retain Available 2": "25 02",
  "Maximum Packet Size 0": "27 00 00 00 00",
  "Wildcard Subscription Available 2": "28 02",
  "Subscription Identifier Available 2": "29 02",
  "Shared Subscription Available 128": "2a 80",
} as const;

const outOfRange = Object.entries(OUT_OF_RANGE).map(([name, bytes]) =>
  fault(name, {
    carrier: "connack",
    block: [...bytesOf(bytes)],
    reasonCode: 0x82,
    clause: "2.2.2.2",
  })
);

/** All of them. */
export const propertyFaults: readonly Fault[] = [
  ...twice,
  ...cutOff,
  ...misplaced,
  ...general,
  ...outOfRange,
];

function fault(
  what: string,
  { carrier, property, block, reasonCode, clause }: {
    carrier: Carrier;
    property?: PropertyRow;
    block: readonly number[];
    reasonCode: number;
    clause: string;
  },
): Fault {
  return {
    name: `${carrier.toUpperCase()} with ${what}`,
    versions: [5],
    phases: PHASES,
    bytes: packetWith(carrier, [...company(property, carrier), ...block]),
    reasonCode,
    clause,
  };
}
