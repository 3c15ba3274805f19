/**
 * The options of `connect()` that are the wire's, and their checks.
 *
 * @module
 */
import { pemFault, type TlsOptions } from "../transport/tls_options.ts";
import {
  checkHeaders,
  type HeaderFields,
} from "../transport/websocket_headers.ts";
import { checkNames } from "./checks.ts";

/** What the wire of a URL can be asked for. */
export interface WireOptions {
  /** With `mqtts:`, `ssl:` and `wss:`: whom to trust, who we are. */
  readonly tls?: TlsOptions;
  /** With `ws:` and `wss:`: header fields of the opening handshake, or a function asked for them at each connection. */
  readonly headers?:
    | HeaderFields
    | (() => HeaderFields | Promise<HeaderFields>);
}

/** What is told of a connection that could be anybody's. */
export const INSECURE_WARNING =
  'tls.insecure is "everything": nothing is known of who is at the other end';

const TLS_OPTIONS: ReadonlySet<string> = new Set<keyof TlsOptions>([
  "caCerts",
  "cert",
  "key",
  "alpnProtocols",
  "serverName",
  "insecure",
]);

/** How long the name of a protocol may be (RFC 7301, 3.1). */
const ALPN_PROTOCOL_MAX = 255;

/** Checks the wire's options. Throws a TypeError. */
export function checkWireOptions(
  { tls, headers }: WireOptions,
  hasOwnTransport: boolean,
): void {
  if (hasOwnTransport && (tls !== undefined || headers !== undefined)) {
    fail("tls and headers go with the URL's wire, not with a transport");
  }
  if (tls !== undefined) checkTls(tls);
  if (headers !== undefined && typeof headers !== "function") {
    checkHeaders(headers);
  }
}

function checkTls(tls: TlsOptions): void {
  checkNames("connect", tls, TLS_OPTIONS, "tls");
  const { cert, key, alpnProtocols, serverName, insecure } = tls;
  for (const name of ["caCerts", "cert", "key"] as const) {
    const pem = tls[name];
    if (pem === undefined || typeof pem === "function") continue;
    const fault = pemFault(name, pem);
    if (fault !== undefined) fail(`tls.${fault}`);
  }
  if ((cert === undefined) !== (key === undefined)) {
    fail("tls.cert and tls.key go together");
  }
  if (alpnProtocols !== undefined && !isAlpn(alpnProtocols)) {
    fail("tls.alpnProtocols must be an array of names");
  }
  if (
    serverName !== undefined &&
    (typeof serverName !== "string" || !/^[^\s/]+$/.test(serverName))
  ) fail("tls.serverName must be the name of a host");
  if (
    insecure !== undefined && insecure !== "host-name" &&
    insecure !== "everything"
  ) fail('tls.insecure must be "host-name" or "everything"');
}

function isAlpn(protocols: unknown): boolean {
  return Array.isArray(protocols) &&
    protocols.every((name) =>
      typeof name === "string" && name !== "" &&
      name.length <= ALPN_PROTOCOL_MAX
    );
}

function fail(why: string): never {
  throw new TypeError(`Cannot connect: ${why}`);
}
