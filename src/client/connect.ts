/**
 * How a program comes by a client.
 *
 * @module
 */
import { ReasonCode } from "../codec/reason_code.ts";
import { Client } from "./client.ts";
import type { ConnectOptions } from "./options.ts";
import type { ServerUrl } from "./servers.ts";
import { rejected } from "./wait.ts";
import { makeSettings, type Settings } from "./settings.ts";

/**
 * Connects to an MQTT server, and resolves once it has accepted (CONNACK).
 *
 * The URL is `mqtt://host:port` (or `tcp:`; port 1883 where none is named), `mqtts:` (or `ssl:`; 8883),
 * `ws:` (80) and `wss:` (443), both with the path `/mqtt` where none is named, or `unix:/path`. A user name
 * and a password in it are percent-decoded; an IPv6 address stands in brackets.
 *
 * It may be a function, asked at each attempt to connect, or several URLs of one service, tried in turn: once each
 * for the first connection.
 *
 * Rejects with a TypeError or RangeError for an option that is unknown, contradictory or out of range,
 * with an {@linkcode AbortedError} when the signal fires, with a {@linkcode StoreError} where the option
 * `store` cannot be opened, and with a {@linkcode ConnectError} for
 * whatever else keeps it from resolving: the first failure, unless `reconnect.retryFirst` has it go on.
 * A connection that is lost later is had again, as `reconnect` says.
 *
 * @example
 * ```ts ignore
 * await using client = await connect("mqtt://localhost");
 * await client.publish("test/1", "hello", { qos: 1 });
 * ```
 */
export function connect(
  url: ServerUrl,
  options: ConnectOptions = {},
): Promise<Client> {
  let settings: Settings;
  try {
    settings = makeSettings(url, options);
  } catch (error) {
    return rejected(error);
  }
  return open(new Client(settings));
}

/**
 * Connects, calls the function with the client, disconnects, and resolves with what the function gave.
 *
 * Where the function throws or rejects and a will is set, the server publishes the will: DISCONNECT says
 * so under MQTT 5 (Reason Code 0x04), and under MQTT 3.x the connection is closed without it. (Disposal by
 * `await using` cannot know of an exception, and disconnects normally.) The error is passed on.
 *
 * @example
 * ```ts ignore
 * import { withClient } from "./mod.ts";
 *
 * const will = { topic: "job", payload: "failed" };
 * await withClient("mqtt://localhost", { will }, async (client) => {
 *   await client.publish("job", "started", { qos: 1 });
 * });
 * ```
 */
export async function withClient<Value>(
  url: ServerUrl,
  options: ConnectOptions,
  use: (client: Client) => Value | Promise<Value>,
): Promise<Value> {
  const client = await connect(url, options);
  let value: Value;
  try {
    value = await use(client);
  } catch (error) {
    await leaveAfter(error, client, options);
    throw error;
  }
  await client.disconnect();
  return value;
}

async function leaveAfter(
  error: unknown,
  client: Client,
  options: ConnectOptions,
): Promise<void> {
  if (options.will === undefined) return await client.disconnect();
  if (client.connection.protocolVersion < 5) return client.close(error);
  await client.disconnect({
    reasonCode: ReasonCode.disconnectWithWillMessage,
  });
}

async function open(client: Client): Promise<Client> {
  await client.open();
  return client;
}
