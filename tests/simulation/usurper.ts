// Another client with the Client Identifier of one of ours: it connects, and says nothing more.

import { encodePacket } from "../../src/codec/encoder.ts";
import { ByteWriter } from "../../src/codec/writer.ts";
import type { Wire } from "../../src/transport/wire.ts";
import type { ClientPlan } from "./scenario.ts";

/** Sends CONNECT as the client would, so that the session is kept as it would keep it, unless it is to be `clean`. */
export async function usurp(
  wire: Wire,
  { clientId, plan, clean }: {
    clientId: string;
    plan: ClientPlan;
    clean: boolean;
  },
): Promise<void> {
  const { protocolVersion, receiveMaximum, maximumPacketSize } = plan;
  const cleanStart = clean || (protocolVersion < 5 && plan.cleanStart);
  const writer = new ByteWriter();
  encodePacket(writer, {
    type: "connect",
    protocolVersion,
    clientId,
    cleanStart,
    keepAlive: 0,
    username: undefined,
    password: undefined,
    will: undefined,
    properties: protocolVersion < 5 ? {} : {
      sessionExpiryInterval: cleanStart ? 0 : plan.sessionExpiryInterval,
      ...(receiveMaximum > 0 && { receiveMaximum }),
      ...(maximumPacketSize > 0 && { maximumPacketSize }),
    },
  }, protocolVersion);
  const connect = writer.take() ?? new Uint8Array(0);
  try {
    for (let at = 0; at < connect.length;) {
      at += await wire.write(connect.subarray(at));
    }
  } catch {
    // It was gone before it had said who it is.
  }
}
