/**
 * Properties of MQTT 5 as text: on the command line (`-D publish content-type text/plain`), and in
 * JSON. Where a property may stand is left to the client, which knows.
 *
 * @module
 */
import type {
  ConnectProperties,
  Properties,
  PublishProperties,
  SubscribeProperties,
  UnsubscribeProperties,
  UserProperty,
  WillProperties,
} from "../../mod.ts";
import { longName } from "./option.ts";
import { flag, integer, text } from "./readers.ts";
import { UsageError } from "./usage_error.ts";

/** The packets that can be given properties, and the will. */
export interface Carriers {
  readonly connect: ConnectProperties;
  readonly will: WillProperties;
  readonly publish: PublishProperties;
  readonly subscribe: SubscribeProperties;
  readonly unsubscribe: UnsubscribeProperties;
}

const CARRIERS = ["connect", "will", "publish", "subscribe", "unsubscribe"];

const UINT16 = integer(0, 0xFFFF);
const UINT32 = integer(0, 0xFFFFFFFF);

/** How the value of each property is read; User Properties are read by themselves. */
const READERS: {
  readonly [Name in keyof Properties]?: (
    value: string,
  ) => NonNullable<Properties[Name]>;
} = {
  payloadFormatIndicator: (value) => flag(value) ? 1 : 0,
  messageExpiryInterval: UINT32,
  contentType: text,
  responseTopic: text,
  correlationData: (value) => new TextEncoder().encode(value),
  subscriptionIdentifier: integer(1, 268_435_455),
  sessionExpiryInterval: UINT32,
  authenticationMethod: text,
  authenticationData: (value) => new TextEncoder().encode(value),
  requestProblemInformation: flag,
  willDelayInterval: UINT32,
  requestResponseInformation: flag,
  receiveMaximum: UINT16,
  topicAliasMaximum: UINT16,
  topicAlias: UINT16,
  maximumPacketSize: UINT32,
};

/** The names on the command line, by which the readers are found. */
const NAMES: ReadonlyMap<string, keyof Properties> = new Map(
  // What Object.keys gives are the keys that stand above.
  (Object.keys(READERS) as (keyof Properties)[]).map((name) => [
    longName(name),
    name,
  ]),
);

/**
 * The properties of one packet, of those that -D gives for all; `userProperties` come from
 * --user-property. Undefined where there are none. Throws a UsageError.
 */
export function propertiesOf<Carrier extends keyof Carriers>(
  carrier: Carrier,
  given: readonly string[],
  userProperties: readonly string[] = [],
): Carriers[Carrier] | undefined {
  const properties: Record<string, unknown> = {};
  const pairs: UserProperty[] = userProperties.map(userProperty);
  for (const property of given) {
    const [packet, name, ...value] = words(property);
    if (!CARRIERS.includes(packet)) {
      throw new UsageError(
        `option -D needs one of ${CARRIERS.join(", ")}, not ${packet}`,
      );
    }
    if (packet !== carrier) continue;
    if (name === "user-property") pairs.push(pair(value));
    else Object.assign(properties, readProperty(name, value.join(" ")));
  }
  if (pairs.length > 0) properties["userProperties"] = pairs;
  // The readers gave each value the type that its name has.
  return Object.keys(properties).length > 0
    ? properties as Carriers[Carrier]
    : undefined;
}

/** One property by the name that it has on the command line and in JSON. Throws a UsageError. */
export function readProperty(name: string, value: string): Properties {
  const key = NAMES.get(name);
  const read = key === undefined ? undefined : READERS[key];
  if (key === undefined || read === undefined) {
    throw new UsageError(
      `there is no property ${name}. There are ${
        [...NAMES.keys()].join(", ")
      } and user-property`,
    );
  }
  try {
    return { [key]: read(value) };
  } catch (error) {
    if (!(error instanceof RangeError)) throw error;
    throw new UsageError(
      `property ${name} needs ${error.message}, not ${JSON.stringify(value)}`,
    );
  }
}

/** Several arguments are joined by NUL; one argument of several words is cut at its first spaces. */
function words(given: string): [packet: string, name: string, ...string[]] {
  const parts = given.includes("\0")
    ? given.split("\0")
    : /^\s*(\S+)\s+(\S+)\s(.*)$/s.exec(given)?.slice(1);
  const [packet, name, ...value] = parts ?? [];
  if (packet === undefined || name === undefined) {
    throw new UsageError(
      `option -D needs a packet, a name and a value, not ${
        JSON.stringify(given)
      }`,
    );
  }
  return [packet.toLowerCase(), name.toLowerCase(), ...value];
}

/** The name and the value of a User Property: two arguments, or one that is cut at its first space. */
function pair([name = "", value]: readonly string[]): UserProperty {
  if (value !== undefined) return [name, value];
  return cut(name, " ");
}

/** `NAME=VALUE`. */
function userProperty(given: string): UserProperty {
  return cut(given, "=");
}

function cut(given: string, separator: string): UserProperty {
  const at = given.indexOf(separator);
  if (at >= 0) return [given.slice(0, at), given.slice(at + 1)];
  throw new UsageError(
    `a User Property needs a name and a value, not ${JSON.stringify(given)}`,
  );
}
