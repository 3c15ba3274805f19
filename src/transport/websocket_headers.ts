/**
 * The header fields that a user adds to the opening handshake of WebSocket (RFC 6455, 4.1).
 *
 * It stands apart because it is loaded for every client: what cannot be a header is told at once.
 *
 * @module
 */

/** Names and values of HTTP header fields. */
export type HeaderFields = Readonly<Record<string, string>>;

/** A name (RFC 9110, 5.6.2). */
export const FIELD_NAME = /^[!#$%&'*+\-.^_`|~0-9A-Za-z]+$/;

/** A value: Latin-1 without control characters, which leaves no room for a second line. */
export const FIELD_VALUE = /^[\t\x20-\x7e\x80-\xff]*$/;

/** Fields that make the handshake, or that would change where the request ends. */
const OURS: ReadonlySet<string> = new Set([
  "connection",
  "content-length",
  "host",
  "sec-websocket-accept",
  "sec-websocket-extensions",
  "sec-websocket-key",
  "sec-websocket-protocol",
  "sec-websocket-version",
  "transfer-encoding",
  "upgrade",
]);

/** Throws a TypeError where a header cannot be sent, or is ours. Values may be secret: they are not shown. */
export function checkHeaders(headers: HeaderFields): void {
  for (const [name, value] of Object.entries(headers)) {
    if (!FIELD_NAME.test(name)) {
      throw new TypeError(
        `A WebSocket header must not be named ${JSON.stringify(name)}`,
      );
    }
    if (OURS.has(name.toLowerCase())) {
      throw new TypeError(`The WebSocket header ${name} cannot be chosen`);
    }
    if (typeof value !== "string" || !FIELD_VALUE.test(value)) {
      throw new TypeError(
        `The WebSocket header ${name} must be one line of Latin-1 text`,
      );
    }
  }
}
