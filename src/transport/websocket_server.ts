/**
 * The server's end of a WebSocket for MQTT: the opening handshake on a wire that a client has opened.
 *
 * @module
 */
import { MqttError } from "../errors.ts";
import type { Wire } from "./wire.ts";
import { acceptOf } from "./websocket_handshake.ts";
import { HEAD_MAX, HeadReader } from "./websocket_head.ts";
import {
  isRequest,
  readUpgrade,
  type Refusal,
  refused,
  upgradeAnswer,
} from "./websocket_request.ts";
import { WebSocketWire } from "./websocket_wire.ts";

/**
 * Opens the WebSocket that a client asks for at `path`. Rejects where it asks for something else, once that is
 * answered; the wire below is the caller's to close then.
 */
export async function acceptWebSocket(
  below: Wire,
  path: string,
): Promise<Wire> {
  const request = new HeadReader();
  while (request.head === undefined) {
    if (request.room.length === 0) {
      return await refuse(
        below,
        refused(431, `its head has more than ${HEAD_MAX} bytes`),
      );
    }
    const read = await below.read(request.room);
    if (read === null) throw new MqttError("the client sent no whole request");
    request.add(read);
    if (!isRequest(request.bytes)) {
      throw new MqttError("the client speaks no HTTP, so no WebSocket");
    }
  }
  const upgrade = readUpgrade(request.head, path);
  if (upgrade.type === "refusal") return await refuse(below, upgrade);
  const { key, subprotocol } = upgrade;
  await writeAll(below, upgradeAnswer(await acceptOf(key), subprotocol));
  return new WebSocketWire(below, request.early, "server");
}

async function refuse(
  below: Wire,
  { why, answer }: Refusal,
): Promise<never> {
  await writeAll(below, answer);
  await below.closeWrite?.();
  throw new MqttError(`the WebSocket upgrade is refused: ${why}`);
}

async function writeAll(wire: Wire, bytes: Uint8Array): Promise<void> {
  for (let at = 0; at < bytes.length;) {
    at += await wire.write(bytes.subarray(at));
  }
}
