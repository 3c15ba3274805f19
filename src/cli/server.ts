/**
 * From the options that all commands share to a URL and the options of `connect()`.
 *
 * @module
 */
import type {
  ConnectOptions,
  ConnectProperties,
  ReconnectOptions,
  Will,
} from "../../mod.ts";
import { givenProperties } from "./given_properties.ts";
import { given, type Values } from "./option.ts";
import type { SHARED } from "./shared_options.ts";
import { writeError } from "./terminal.ts";
import { UsageError } from "./usage_error.ts";
import { askedScheme, checkAgainst, SCHEMES, withPath } from "./wires.ts";

/** The server that a command goes to. */
export interface Target {
  /** What `connect()` is given. */
  readonly url: string;
  /** The scheme of the URL, with its colon. */
  readonly protocol: string;
  /** For messages: host and port, or the path of a socket. */
  readonly address: string;
  /** How `midge test` is given the same server, where host and port say it all. */
  readonly hostAndPort: string | undefined;
  /** In an mqtt: URL the path is a topic, as mosquitto's tools read it; none or one. */
  readonly topics: readonly string[];
}

/** The broker of `--embedded`. The name leads nowhere: it is reached by a wire in memory. */
const EMBEDDED: Target = {
  url: "mqtt://embedded.invalid",
  protocol: "mqtt:",
  address: "the embedded broker",
  hostAndPort: undefined,
  topics: [],
};

/** Which server the options name. Throws a UsageError. */
export function targetOf(values: Values<typeof SHARED>): Target {
  if (values.embedded) return EMBEDDED;
  const url = withPath(urlOf(values), values);
  const topics = takeTopics(url);
  return {
    url: url.href,
    protocol: url.protocol,
    ...placeOf(url),
    topics,
  };
}

function placeOf(
  { protocol, hostname, port, pathname }: URL,
): Pick<Target, "address" | "hostAndPort"> {
  if (protocol === "unix:") {
    return { address: decode(pathname, "path"), hostAndPort: undefined };
  }
  const scheme = SCHEMES.get(protocol);
  const at = port || `${scheme?.port ?? 1883}`;
  const isPlain = !scheme?.hasTls && !scheme?.isWebSocket;
  return {
    address: `${hostname}:${at}`,
    hostAndPort: isPlain ? `${hostname} -p ${at}` : undefined,
  };
}

function urlOf(values: Values<typeof SHARED>): URL {
  if (values.unix !== undefined) return unixUrl(values.unix);
  if (values.url === undefined) return hostUrl(values);
  const url = URL.parse(values.url);
  if (url === null) {
    // The URL may hold a password: it is not repeated.
    throw new UsageError("option --url needs a URL such as mqtt://host:1883");
  }
  checkAgainst(url, values);
  return url;
}

/** Slashes are no part of a name, and none may look like the beginning of a host. */
function unixUrl(path: string): URL {
  const encoded = path.split("/").map(encodeURIComponent).join("/");
  return new URL(`unix:${encoded.replace(/^\/+/, "/")}`);
}

function hostUrl(values: Values<typeof SHARED>): URL {
  const { host = "localhost", port } = values;
  const bare = host.replace(/^\[(.*)\]$/, "$1");
  const authority = bare.includes(":") ? `[${bare}]` : bare;
  const place = port === undefined ? authority : `${authority}:${port}`;
  // A URL of mqtt: shows what is no host; one of ws: would correct it in silence.
  const { username, password, pathname, search, hash } =
    URL.parse(`mqtt://${place}`) ?? { hash: "#" };
  const url = URL.parse(`${askedScheme(values)}//${place}`);
  const rest = [username, password, pathname, search, hash].join("");
  if (rest === "" && url !== null) return url;
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
  return [decode(path, "topic")];
}

function decode(text: string, what: string): string {
  try {
    return decodeURIComponent(text);
  } catch {
    throw new UsageError(
      `the ${what} in the URL has a percent sign that is not followed by the UTF-8 of a character`,
    );
  }
}

/**
 * What `connect()` is asked for; the password is asked for where that is wanted. A job that takes its time comes
 * back from a loss unless told otherwise. Throws a UsageError.
 */
export async function connectOptions(
  values: Values<typeof SHARED>,
  { lasts, connect }: {
    readonly lasts: boolean;
    readonly connect?: ConnectOptions | undefined;
  },
): Promise<ConnectOptions> {
  const clientId = values.idPrefix === undefined
    ? values.clientId
    : `${values.idPrefix}${Deno.pid}`;
  const hasClientId = values.clientId !== undefined ||
    connect?.store !== undefined;
  if (values.noClean && !hasClientId) {
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
    reconnect: reconnect(values, lasts),
    will: await willOf(values),
    properties: await connectProperties(values),
    debug: values.debug ? writeError : undefined,
  });
}

function reconnect(
  { reconnect: attempts, noReconnect }: Values<typeof SHARED>,
  lasts: boolean,
): boolean | ReconnectOptions {
  if (noReconnect) return false;
  if (attempts === undefined) return lasts;
  return attempts === Infinity || { attempts };
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
