/**
 * Which wire leads to the server: the scheme of the URL says it or, where a host is given, the options
 * that belong to a wire. What contradicts the scheme is refused.
 *
 * @module
 */
import type { WireOptions } from "../../mod.ts";
import type { Values } from "./option.ts";
import type { SHARED } from "./shared_options.ts";
import { UsageError } from "./usage_error.ts";
import { TLS_OPTIONS, WEBSOCKET_OPTIONS } from "./wire_options.ts";

type SharedValues = Values<typeof SHARED>;
type Keys = readonly (keyof typeof SHARED)[];

/** What a scheme stands for. */
export interface Scheme {
  /** Where none is named. */
  readonly port: number;
  readonly hasTls: boolean;
  readonly isWebSocket: boolean;
}

const MQTT = { port: 1883, hasTls: false, isWebSocket: false };
const MQTTS = { port: 8883, hasTls: true, isWebSocket: false };
const WS = { port: 80, hasTls: false, isWebSocket: true };
const WSS = { port: 443, hasTls: true, isWebSocket: true };

/** The schemes that lead to a host. */
export const SCHEMES: ReadonlyMap<string, Scheme> = new Map([
  ["mqtt:", MQTT],
  ["tcp:", MQTT],
  ["mqtts:", MQTTS],
  ["ssl:", MQTTS],
  ["ws:", WS],
  ["wss:", WSS],
]);

/** The scheme of a wire to a host. */
export function schemeOf(
  { hasTls, isWebSocket }: Pick<Scheme, "hasTls" | "isWebSocket">,
): string {
  return `${isWebSocket ? "ws" : "mqtt"}${hasTls ? "s" : ""}:`;
}

/** The scheme that the options ask for where there is no URL. */
export function askedScheme(values: SharedValues): string {
  const isWebSocket = asked(values, WEBSOCKET_OPTIONS).length > 0;
  // A port that is known for TLS asks for it as well, as it does with mosquitto's tools.
  const { port } = isWebSocket ? WSS : MQTTS;
  const hasTls = !values.noTls &&
    (asked(values, TLS_OPTIONS).length > 0 || values.port === port);
  return schemeOf({ hasTls, isWebSocket });
}

/** How those of the options are spelled that are given, and not switched off. */
export function asked(values: SharedValues, keys: Keys): string[] {
  return keys.flatMap((key) => {
    const value = values[key];
    const isOn = Array.isArray(value) ? value.length > 0 : value;
    return isOn ? values.spellings.get(key) ?? [] : [];
  });
}

/** Throws a UsageError where an option asks for another wire than the URL. */
export function checkAgainst(url: URL, values: SharedValues): void {
  const { protocol } = url;
  const scheme = SCHEMES.get(protocol);
  // Of what is no scheme at all connect() tells, with those that there are.
  if (scheme === undefined && protocol !== "unix:") return;
  const refuse = (keys: Keys, what: string, other: Partial<Scheme>) => {
    const [option] = contradicting(values, keys);
    if (option === undefined) return;
    const line = `${option} asks for ${what}, and ${urlName(values)}`;
    throw new UsageError(
      scheme === undefined
        ? `${line} begins with ${protocol}`
        : `${line} begins with ${protocol}//. Try ${
          schemeOf({ ...scheme, ...other })
        }//`,
    );
  };
  if (scheme?.hasTls) refuse(["noTls"], "no TLS", { hasTls: false });
  else refuse(TLS_OPTIONS, "TLS", { hasTls: true });
  if (!scheme?.isWebSocket) {
    refuse(WEBSOCKET_OPTIONS, "a WebSocket", { isWebSocket: true });
    return;
  }
  const [path] = contradicting(values, ["wsPath"]);
  if (path !== undefined && hasPath(url)) {
    throw new UsageError(
      `${path} and the path of ${urlName(values)} contradict each other`,
    );
  }
}

/** Those that are given; variables give way to a URL on the command line. */
function contradicting(values: SharedValues, keys: Keys): string[] {
  const isTyped = urlName(values) === THE_URL;
  return asked(values, keys)
    .filter((name) => !(isTyped && isVariable(name)));
}

const THE_URL = "the URL";

/** The URL as a message names it: a variable is easily forgotten. */
function urlName({ spellings }: SharedValues): string {
  const name = spellings.get("url") ?? THE_URL;
  return isVariable(name) ? name : THE_URL;
}

function isVariable(spelling: string): boolean {
  return spelling.startsWith("MIDGE_");
}

/** Gives the URL of a WebSocket the path that is asked for, where it has none of its own. */
export function withPath(url: URL, { wsPath }: SharedValues): URL {
  const isWebSocket = SCHEMES.get(url.protocol)?.isWebSocket ?? false;
  if (!isWebSocket || wsPath === undefined || hasPath(url)) return url;
  const path = wsPath.replace(/^\/*/, "/").replaceAll("#", "%23");
  return new URL(path, url);
}

function hasPath({ pathname, search }: URL): boolean {
  return pathname.length > 1 || search !== "";
}

/** What `connect()` is told of the wire; files are read. Throws a UsageError. */
export async function wireOptions(
  values: SharedValues,
  protocol: string,
): Promise<WireOptions> {
  const { hasTls = false, isWebSocket = false } = SCHEMES.get(protocol) ?? {};
  if (!hasTls && !isWebSocket) return {};
  const { headerFields, tlsOptions } = await import("./wire_settings.ts");
  return {
    ...hasTls && { tls: await tlsOptions(values) },
    ...isWebSocket && { headers: headerFields(values) },
  };
}
