/**
 * What a wire speaks that does not begin with CONNECT: a browser, say, or a client that wants TLS.
 *
 * @module
 */

/** So many bytes tell: the longest method of HTTP, and the space behind it. */
export const FIRST_BYTES = 8;

/** Why these first bytes of a wire are no client of MQTT; undefined where they do not give it away. */
export function foreignFault(bytes: Uint8Array): string | undefined {
  if (/^[A-Z]{3,7} /.test(String.fromCharCode(...bytes))) {
    return "it speaks HTTP, not MQTT";
  }
  // A TLS handshake record, of any version (RFC 8446, 5.1).
  if (bytes[0] === 0x16 && bytes[1] === 0x03) {
    return "it speaks TLS, which is not spoken here";
  }
  return undefined;
}
