/**
 * WebSocket over another wire: an RFC 6455 client for MQTT alone (MQTT 5, chapter 6). The platform's own
 * cannot be paused, and it buffers whole frames.
 *
 * @module
 */
import { MqttError, WireError } from "../errors.ts";
import type { Transport, Wire } from "./wire.ts";
import { HEAD_MAX, HeadReader } from "./websocket_head.ts";
import {
  acceptOf,
  checkAnswer,
  checkHost,
  checkPath,
  checkStart,
  upgradeRequest,
} from "./websocket_handshake.ts";
import { checkHeaders, type HeaderFields } from "./websocket_headers.ts";
import { WebSocketWire } from "./websocket_wire.ts";

/** How a WebSocket is asked for. */
export interface WebSocketOptions {
  /** What carries it: TCP, TLS, a unix socket. */
  readonly transport: Transport;
  /** The Host header: with the port where it is not the scheme's own. */
  readonly host: string;
  /** Path and query, percent-encoded, such as `/mqtt`. */
  readonly path: string;
  /**
   * Headers besides those of the handshake, such as Authorization or Cookie; as a function they are asked
   * for anew for each wire.
   */
  readonly headers?:
    | HeaderFields
    | (() => HeaderFields | Promise<HeaderFields>);
}

const KEY_SIZE = 16;

/**
 * Opens WebSockets for MQTT. Throws a TypeError where host, path or headers cannot stand in a request; headers
 * of a function have `open()` reject with it.
 */
export function websocket(options: WebSocketOptions): Transport {
  const { transport, host, path, headers = {} } = options;
  checkHost(host);
  checkPath(path);
  if (typeof headers !== "function") checkHeaders(headers);
  return {
    async open(signal: AbortSignal): Promise<Wire> {
      signal.throwIfAborted();
      const aborted = Promise.withResolvers<never>();
      aborted.promise.catch(() => {});
      const abort = () => aborted.reject(signal.reason);
      signal.addEventListener("abort", abort);
      let below: Wire | undefined;
      try {
        const given = typeof headers === "function"
          ? await Promise.race([headers(), aborted.promise])
          : headers;
        checkHeaders(given);
        below = await transport.open(signal);
        const key = btoa(
          String.fromCharCode(
            ...crypto.getRandomValues(new Uint8Array(KEY_SIZE)),
          ),
        );
        const request = upgradeRequest({ host, path, key, headers: given });
        return await Promise.race([
          upgrade(below, request, await acceptOf(key)),
          aborted.promise,
        ]);
      } catch (error) {
        below?.close();
        if (below === undefined) throw error;
        throw signal.aborted ? unfinished(signal) : inHandshake(error);
      } finally {
        signal.removeEventListener("abort", abort);
      }
    },
  };
}

async function upgrade(
  below: Wire,
  request: Uint8Array,
  accept: string,
): Promise<Wire> {
  const answer = new HeadReader();
  try {
    for (let sent = 0; sent < request.length;) {
      sent += await below.write(request.subarray(sent));
    }
    while (answer.head === undefined) {
      if (answer.room.length === 0) throw tooLong();
      const read = await below.read(answer.room);
      if (read === null) throw unanswered(answer.size);
      answer.add(read);
      checkStart(answer.bytes);
    }
  } catch (error) {
    throw isClose(error) ? unanswered(answer.size, error) : error;
  }
  checkAnswer(answer.head, accept);
  return new WebSocketWire(below, answer.early);
}

/** Says of what went wrong with the upgrade that it did so there, unless the wire below tells its own stage. */
function inHandshake(error: unknown): unknown {
  if (!(error instanceof MqttError) || error instanceof WireError) return error;
  const { message, cause } = error;
  return new WireError(message, { stage: "websocket", cause });
}

/** The error of a handshake that was given up. */
function unfinished(signal: AbortSignal): WireError {
  return new WireError("the WebSocket was not opened", {
    stage: "websocket",
    cause: signal.reason,
  });
}

/** A server that closes with a part of the request unread resets the wire: that is a close as well. */
function isClose(error: unknown): boolean {
  return error instanceof Deno.errors.ConnectionReset ||
    error instanceof Deno.errors.BrokenPipe;
}

function tooLong(): MqttError {
  return new MqttError(
    `the server's answer to the WebSocket upgrade has a head of more than ${HEAD_MAX} bytes`,
  );
}

function unanswered(size: number, cause?: unknown): MqttError {
  return new MqttError(
    size === 0
      ? "the server closed it without an answer to the WebSocket upgrade"
      : "the server closed it in the middle of its answer to the WebSocket upgrade",
    { cause },
  );
}
