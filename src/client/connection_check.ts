/**
 * What the present connection lets a program ask for.
 *
 * @module
 */
import type { ConnectPacket, ProtocolVersion } from "../codec/packet.ts";
import { isReasonCode } from "../codec/reason_code.ts";
import { checkDisconnectPacket } from "../session/connect_check.ts";
import {
  checkCheckpoint,
  checkInteger,
  checkMs,
  checkNames,
} from "./checks.ts";
import type { ConnectionInfo } from "./connection_info.ts";
import type { DisconnectOptions } from "./options.ts";

const DISCONNECT_OPTIONS: ReadonlySet<string> = new Set([
  "timeoutMs",
  "reasonCode",
  "properties",
  "checkpoint",
]);

/** What a client may say in DISCONNECT. */
const DISCONNECT_PROPERTIES: ReadonlySet<string> = new Set([
  "sessionExpiryInterval",
  "reasonString",
  "userProperties",
]);

/** Throws a TypeError or a RangeError where the options are none that DISCONNECT can have. */
export function checkDisconnect(
  options: DisconnectOptions,
  { connect, protocolVersion }: {
    connect: ConnectPacket | undefined;
    protocolVersion: ProtocolVersion;
  },
): void {
  checkNames("disconnect", options, DISCONNECT_OPTIONS);
  const { reasonCode = 0, timeoutMs = 0, properties = {}, checkpoint } =
    options;
  if (checkpoint !== undefined) checkCheckpoint("disconnect", checkpoint);
  checkInteger("disconnect", "reasonCode", reasonCode, 0, 255);
  checkMs("disconnect", "timeoutMs", timeoutMs);
  checkNames("disconnect", properties, DISCONNECT_PROPERTIES, "properties");
  if (reasonCode > 0 && protocolVersion < 5) {
    throw new TypeError("Cannot disconnect: reasonCode needs MQTT 5");
  }
  if (!isReasonCode(reasonCode, "disconnect", "client")) {
    throw new RangeError(
      `Cannot disconnect: ${reasonCode} is no Reason Code that a client may send`,
    );
  }
  checkDisconnectPacket(reasonCode, properties, protocolVersion);
  const { sessionExpiryInterval: atConnect = 0 } = connect?.properties ?? {};
  if (atConnect === 0 && (properties.sessionExpiryInterval ?? 0) > 0) {
    throw new RangeError(
      "Cannot disconnect: sessionExpiryInterval was 0 at CONNECT, and cannot be raised from there (3.14.2.2.2)",
    );
  }
}

/** Throws where there is no Response Topic; else gives what it is to begin with, if the server says. */
export function checkRequests(
  what: string,
  { protocolVersion, properties }: ConnectionInfo,
): string | undefined {
  if (protocolVersion < 5) {
    throw new TypeError(`Cannot ${what}: that needs MQTT 5`);
  }
  return properties.responseInformation;
}

/** Throws a TypeError or a RangeError where a message cannot be refused so. */
export function checkReject(
  reasonCode: number,
  { protocolVersion }: ConnectionInfo,
): void {
  if (protocolVersion < 5) {
    throw new TypeError("Cannot reject a message: that needs MQTT 5");
  }
  if (reasonCode >= 0x80 && isReasonCode(reasonCode, "puback", "client")) {
    return;
  }
  throw new RangeError(
    `Cannot reject a message: ${reasonCode} is no Reason Code of a refusal`,
  );
}
