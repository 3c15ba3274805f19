/**
 * From the options that all commands share to a URL and the options of `connect()`.
 *
 * @module
 */
import type { ConnectOptions, ConnectProperties, Will } from "../../mod.ts";
import { givenProperties } from "./given_properties.ts";
import type { Values } from "./option.ts";
import type { SHARED } from "./shared_options.ts";
import { writeError } from "./terminal.ts";
import { UsageError } from "./usage_error.ts";

/** The server that a command goes to. */
export interface Target {
  /** What `connect()` is given. */
  readonly url: string;
  /** For messages: host and port, or the path of a socket. */
  readonly address: string;
  /** How `midge test` is given the same server, where host and port say it all. */
  readonly hostAndPort: string | undefined;
  /** In an mqtt: URL the path is a topic, as mosquitto's tools read it; none or one. */
  readonly topics: readonly string[];
}

/** Which server the options name. Throws a UsageError. */
export function targetOf(values: Values<typeof SHARED>): Target {
  const url = urlOf(values);
  const topics = takeTopics(url);
  return {
    url: url.href,
    ...placeOf(url),
    topics,
  };
}

/** The port of a scheme, where the URL names none. */
const PORTS: Readonly<Record<string, string>> = {
  "mqtts:": "8883",
  "ssl:": "8883",
  "ws:": "80",
  "wss:": "443",
};

function placeOf(
  { protocol, hostname, port, pathname }: URL,
): Pick<Target, "address" | "hostAndPort"> {
  if (protocol === "unix:") {
    return { address: pathname, hostAndPort: undefined };
  }
  const at = port || (PORTS[protocol] ?? "1883");
  return {
    address: `${hostname}:${at}`,
    hostAndPort: protocol in PORTS ? undefined : `${hostname} -p ${at}`,
  };
}

function urlOf(values: Values<typeof SHARED>): URL {
  if (values.url !== undefined) {
    const url = URL.parse(values.url);
    if (url !== null) return url;
    // The URL may hold a password: it is not repeated.
    throw new UsageError("option --url needs a URL such as mqtt://host:1883");
  }
  const host = values.host ?? "localhost";
  const bare = host.replace(/^\[(.*)\]$/, "$1");
  const authority = bare.includes(":") ? `[${bare}]` : bare;
  const url = URL.parse(`mqtt://${authority}:${values.port ?? 1883}`);
  if (url !== null) {
    const { username, password, pathname, search, hash } = url;
    if (username + password + pathname + search + hash === "") return url;
  }
  throw new UsageError(
    `option --host needs a host name or an address, not ${
      JSON.stringify(host)
    }`,
  );
}

/** Takes the path off a URL of mqtt: and the like; in one of ws: it belongs to the server. */
function takeTopics(url: URL): string[] {
  const path = url.pathname.slice(1);
  if (path === "" || !/^(mqtts?|tcp|ssl):$/.test(url.protocol)) return [];
  url.pathname = "";
  try {
    return [decodeURIComponent(path)];
  } catch {
    throw new UsageError(
      "the topic in the URL has a percent sign that is not followed by the UTF-8 of a character",
    );
  }
}

/** What `connect()` is asked for; the password is asked for where that is wanted. Throws a UsageError. */
export async function connectOptions(
  values: Values<typeof SHARED>,
): Promise<ConnectOptions> {
  const clientId = values.idPrefix === undefined
    ? values.clientId
    : `${values.idPrefix}${Deno.pid}`;
  if (values.noClean && values.clientId === undefined) {
    throw new UsageError(
      "--no-clean needs --client-id: a session is found again by it",
    );
  }
  return given<ConnectOptions>({
    clientId,
    username: values.username,
    password: await password(values),
    cleanStart: values.noClean ? false : undefined,
    keepAlive: values.keepalive,
    protocolVersion: protocolVersion(values),
    connectTimeoutMs: values.connectTimeout,
    will: await willOf(values),
    properties: await connectProperties(values),
    debug: values.debug ? writeError : undefined,
  });
}

/** The version that is asked for alone; undefined where the server's will do. */
function protocolVersion(
  { protocolVersion, mqtt5Option }: Values<typeof SHARED>,
): ConnectOptions["protocolVersion"] {
  if (mqtt5Option === undefined || protocolVersion === 5) {
    return protocolVersion;
  }
  if (protocolVersion === undefined) return 5;
  throw new UsageError(
    `${mqtt5Option} needs MQTT 5, and -V asks for a lower version`,
  );
}

async function password(
  values: Values<typeof SHARED>,
): Promise<string | undefined> {
  const { passwordFile, passwordEnv, askPassword } = values;
  if (passwordFile === undefined && passwordEnv === undefined && !askPassword) {
    return values.password;
  }
  const { filePassword, promptPassword, variablePassword } = await import(
    "./password.ts"
  );
  if (passwordFile !== undefined) return await filePassword(passwordFile);
  return passwordEnv === undefined
    ? await promptPassword()
    : variablePassword(passwordEnv);
}

async function willOf(
  values: Values<typeof SHARED>,
): Promise<Will | undefined> {
  const { willTopic: topic, willMessage, willQos, willRetain } = values;
  if (topic !== undefined) {
    return given<Will>({
      topic,
      payload: willMessage,
      qos: willQos,
      retain: willRetain,
      ...await givenProperties("will", values),
    });
  }
  if (willMessage !== undefined || willQos !== undefined || willRetain) {
    throw new UsageError("a will needs --will-topic");
  }
  return undefined;
}

async function connectProperties(
  values: Values<typeof SHARED>,
): Promise<ConnectProperties | undefined> {
  const { sessionExpiry } = values;
  const { properties } = await givenProperties("connect", values);
  return sessionExpiry === undefined
    ? properties
    : { ...properties, sessionExpiryInterval: sessionExpiry };
}

/** Leaves out what is undefined: an option that is not given is not asked for. */
function given<T extends object>(
  options: { readonly [Name in keyof T]: T[Name] | undefined },
): T {
  const entries = Object.entries(options);
  // What is left has the types that T wants.
  return Object.fromEntries(
    entries.filter(([, value]) => value !== undefined),
  ) as T;
}
