// CONNACKs that are unusual and right (chapter 3.2).

import { bytesOf } from "../../codec/golden.ts";
import { PROPERTIES } from "../../codec/golden/property.ts";
import {
  company,
  packetWith,
  propertyBytes,
} from "../../codec/golden/property.ts";
import type { Valid } from "../valid.ts";

/** A CONNACK of MQTT 5 that accepts, with properties. */
function connack(properties: string, flags = "00"): string {
  const block = bytesOf(properties);
  const length = block.length.toString(16).padStart(2, "0");
  const size = (block.length + 3).toString(16).padStart(2, "0");
  return `20 ${size} ${flags} 00 ${length} ${block.toHex()}`;
}

/** Each property alone. */
const alone = PROPERTIES.filter(({ carriers }) => carriers.includes("connack"))
  .map((property): Valid => {
    const { name } = property;
    const block = [...company(property, "connack"), ...propertyBytes(property)];
    return {
      name: `CONNACK with ${name}`,
      version: 5,
      ...(name.startsWith("authentication")
        ? { options: { properties: { authenticationMethod: "m" } } }
        : {}),
      connack: packetWith("connack", block).toHex(),
      connection: {
        properties: {
          ...(name === "authenticationData"
            ? { authenticationMethod: "m" }
            : {}),
          [name]: property.value,
        },
      },
    };
  });

const others: readonly Valid[] = [
  {
    name: "CONNACK of two bytes to a CONNECT of MQTT 5, which is of MQTT 3.1.1",
    version: 5,
    fallsBack: true,
    connack: "20 02 00 00",
    dialogue: ["< 30 04 00 01 61 68"],
    delivers: ["a 68"],
    connection: { protocolVersion: 4, sessionPresent: false },
  },
  {
    name: "CONNACK of two bytes with Session Present, where we hold a session",
    version: 5,
    fallsBack: true,
    options: { cleanStart: false },
    connack: "20 02 01 00",
    connection: { protocolVersion: 4, sessionPresent: true },
  },
  ...([4, 5] as const).map((version): Valid => ({
    name: "CONNACK with Session Present to the first CONNECT of a program",
    version,
    options: { cleanStart: false },
    connack: version === 5 ? connack("", "01") : "20 02 01 00",
    connection: { sessionPresent: true },
  })),
  ...([4, 5] as const).map((version): Valid => ({
    name:
      "CONNACK without Session Present to a CONNECT that asks for a session",
    version,
    options: { cleanStart: false },
    connection: { sessionPresent: false },
  })),
  {
    name: "CONNACK of MQTT 3.1 with something in the byte that is not used",
    version: 3,
    connack: "20 02 81 00",
    connection: { sessionPresent: false },
  },
  {
    name: "CONNACK with Server Keep Alive 0",
    version: 5,
    connack: connack("13 00 00"),
    connection: { keepAlive: 0 },
  },
  {
    name: "CONNACK with limits that are none",
    version: 5,
    connack: connack(
      "21 ff ff 22 ff ff 27 ff ff ff ff 25 01 28 01 29 01 2a 01",
    ),
    connection: { receiveMaximum: 65_535, maximumPacketSize: 4_294_967_295 },
  },
  {
    name: "CONNACK with the lowest of each limit",
    version: 5,
    connack: connack(
      "21 00 01 22 00 00 24 00 25 00 27 00 00 00 05 28 00 29 00 2a 00 11 00 00 00 00",
    ),
    connection: { receiveMaximum: 1, maximumQoS: 0, sessionExpiryInterval: 0 },
  },
  {
    name: "CONNACK with a client id of the server's, though we gave one",
    version: 5,
    options: { clientId: "c" },
    connack: connack("12 00 02 78 79"),
    connection: { clientId: "c" },
  },
  {
    name: "CONNACK with a client id of the server's, where we gave none",
    version: 5,
    options: { clientId: "" },
    connack: connack("12 00 02 78 79"),
    connection: { clientId: "xy" },
  },
  {
    name: "CONNACK whose User Properties come between others",
    version: 5,
    connack: connack("26 00 01 61 00 01 31 21 00 05 26 00 01 61 00 01 32"),
    connection: {
      properties: {
        userProperties: [["a", "1"], ["a", "2"]],
        receiveMaximum: 5,
      },
    },
  },
];

/** All of them. */
export const validConnacks: readonly Valid[] = [...alone, ...others];
