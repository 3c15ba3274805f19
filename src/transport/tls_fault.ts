/**
 * Why TLS failed, in words that a person can act on. The runtime tells it in words alone, those of
 * rustls, and node:tls in codes: both are read here, and what is not known is passed on as it is.
 *
 * @module
 */
import { WireError } from "../errors.ts";
import type { TlsTarget } from "./tls_options.ts";

/** What was asked of TLS, as far as it helps to explain a failure. */
export type Asked = Pick<TlsTarget, "serverName" | "credentials">;

/** The error of a handshake, or of what came over the wire behind it. */
export function tlsFault(error: unknown, asked: Asked): WireError {
  return new WireError(words(error, asked), { stage: "tls", cause: error });
}

/** The error of a handshake that was given up. */
export function unfinished(signal: AbortSignal): WireError {
  return new WireError("the TLS handshake was not finished", {
    stage: "tls",
    cause: signal.reason,
  });
}

/**
 * Whether node:tls may take what the platform's own TLS does not: a self-signed certificate that
 * calls itself an authority, as `openssl req -x509` makes them, and a name that stands in the
 * Common Name alone.
 */
export function isForNode(error: unknown): boolean {
  return /CaUsedAsEndEntity|not valid for any names/.test(text(error));
}

type Words = string | ((match: RegExpExecArray, asked: Asked) => string);

/** What the error says, and what it means; the first that fits. */
const FAULTS: readonly (readonly [RegExp, Words])[] = [
  [/not valid after (\d+)/, (match) => {
    return `the server's certificate expired on ${date(match[1])}`;
  }],
  [
    /CERT_HAS_EXPIRED|peer certificate: .*[Ee]xpired/,
    "the server's certificate has expired",
  ],
  [/not valid before (\d+)|not valid until (\d+)/, (match) => {
    const from = date(match[1] ?? match[2]);
    return `the server's certificate is valid from ${from} on; is the clock of this machine right?`;
  }],
  [
    /CERT_NOT_YET_VALID|NotValidYet/,
    "the server's certificate is not valid yet; is the clock of this machine right?",
  ],
  [
    /CaUsedAsEndEntity|SELF_SIGNED_CERT/,
    "the server's certificate is self-signed; to trust it, give it as caCerts",
  ],
  [
    // This is all that node:tls says of whatever it does not trust.
    /UNABLE_TO_VERIFY_LEAF_SIGNATURE/,
    "the server's certificate is not trusted: its issuer is unknown to us, or it is out of date",
  ],
  [
    /UnknownIssuer|UNABLE_TO_/,
    (_, { credentials }) =>
      `the issuer of the server's certificate is not trusted; ${
        credentials.caCerts === undefined
          ? "give the issuer's certificate as caCerts"
          : "caCerts does not hold the issuer's certificate"
      }`,
  ],
  [/only valid for (.+)/, (match, { serverName }) => {
    const names = [...(match[1] ?? "").matchAll(/\(([^()]+)\)/g)]
      .map(([, name]) => name?.replaceAll('"', ""));
    return wrongName(names.join(", ") || match[1], serverName);
  }],
  [
    /not valid for (any names|name)/,
    (_, { serverName }) => wrongName(undefined, serverName),
  ],
  [
    /KeyMismatch|KEY_VALUES_MISMATCH/,
    "key is not the key of cert",
  ],
  [/CertificateRequired/, "the server requires a client certificate"],
  [
    /alert: UnknownCA/,
    "the server does not trust the issuer of our client certificate",
  ],
  [
    /alert: CertificateExpired/,
    "the server says that our client certificate has expired",
  ],
  [/alert: (\w*Certificate\w*|AccessDenied|DecryptError)/, (match) => {
    return `the server refused our client certificate (${match[1]})`;
  }],
  [
    /alert: HandshakeFailure/,
    (_, { credentials }) =>
      `the server refused the TLS handshake${
        credentials.cert === undefined
          ? "; it may require a client certificate"
          : ""
      }`,
  ],
  [
    /alert: ProtocolVersion|PeerIncompatible|UNSUPPORTED_PROTOCOL/,
    "the server speaks no version of TLS that we do (1.2, 1.3)",
  ],
  [
    /NoApplicationProtocol/,
    "the server speaks none of the alpnProtocols",
  ],
  [
    /alert: UnrecognisedName/,
    (_, { serverName }) => `the server does not know the name ${serverName}`,
  ],
  [
    /InvalidContentType|WRONG_VERSION_NUMBER|corrupt message/,
    "the port does not speak TLS",
  ],
];

function words(error: unknown, asked: Asked): string {
  const names = certificateNames(error);
  if (names !== undefined) return wrongName(names, asked.serverName);
  if (isClose(error)) {
    return "the port closed the connection in the TLS handshake; it may not speak TLS";
  }
  const said = text(error);
  for (const [pattern, meaning] of FAULTS) {
    const match = pattern.exec(said);
    if (match === null) continue;
    return typeof meaning === "string" ? meaning : meaning(match, asked);
  }
  return `TLS failed: ${error instanceof Error ? error.message : said}`;
}

function wrongName(names: string | undefined, serverName: string): string {
  return names === undefined || names === ""
    ? `the server's certificate is not for ${serverName}, it names no host`
    : `the server's certificate is for ${names}, not for ${serverName}`;
}

/** What node:tls shows of a certificate whose names do not fit. */
function certificateNames(error: unknown): string | undefined {
  if (property(error, "code") !== "ERR_TLS_CERT_ALTNAME_INVALID") {
    return undefined;
  }
  const cert = property(error, "cert");
  const names = property(cert, "subjectaltname") ||
    property(property(cert, "subject"), "CN");
  return typeof names === "string"
    ? names.replace(/DNS:|IP Address:/g, "")
    : "";
}

function isClose(error: unknown): boolean {
  return error instanceof Deno.errors.UnexpectedEof ||
    error instanceof Deno.errors.ConnectionReset ||
    error instanceof Deno.errors.BrokenPipe ||
    property(error, "code") === "ECONNRESET";
}

function text(error: unknown): string {
  const code = property(error, "code");
  const message = error instanceof Error ? error.message : String(error);
  return typeof code === "string" ? `${code} ${message}` : message;
}

/** A date of seconds since 1970. */
function date(seconds: string | undefined): string {
  return new Date(Number(seconds) * 1_000).toISOString().slice(0, 10);
}

/** A property of what node:tls has thrown, whose types promise nothing. */
function property(value: unknown, name: string): unknown {
  return typeof value === "object" && value !== null
    ? Reflect.get(value, name)
    : undefined;
}
