/**
 * Views of what was read keep the whole block alive that they stand in: what is kept for longer is copied.
 *
 * @module
 */
import type { ConnectPacket, Properties } from "../codec/packet.ts";

/** Bytes that hold on to little more than themselves. */
export function owned(bytes: Uint8Array): Uint8Array {
  return bytes.buffer.byteLength > 2 * bytes.length ? bytes.slice() : bytes;
}

/** Properties that hold on to little more than themselves. */
export function ownedProperties(properties: Properties): Properties {
  const { correlationData, authenticationData } = properties;
  if (correlationData === undefined && authenticationData === undefined) {
    return properties;
  }
  return {
    ...properties,
    ...(correlationData && { correlationData: owned(correlationData) }),
    ...(authenticationData &&
      { authenticationData: owned(authenticationData) }),
  };
}

/** A CONNECT that may be kept as long as its connection. */
export function ownedConnect(packet: ConnectPacket): ConnectPacket {
  const { password, will, properties } = packet;
  return {
    ...packet,
    password: password && owned(password),
    will: will && {
      ...will,
      payload: owned(will.payload),
      properties: ownedProperties(will.properties),
    },
    properties: ownedProperties(properties),
  };
}
