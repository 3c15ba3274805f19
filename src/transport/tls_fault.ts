/**
 * Why TLS failed, in words that a person can act on. The runtime tells it in words alone, those of
 * rustls, and node:tls in codes: both are read here, and what is not known is passed on as it is.
 *
 * @module
 */
import { type TlsFault, WireError } from "../errors.ts";
import type { TlsTarget } from "./tls_options.ts";

/** What was asked of TLS, as far as it helps to explain a failure. */
export type Asked = Pick<TlsTarget, "serverName" | "credentials">;

/** The error of a handshake, or of what came over the wire behind it. */
export function tlsFault(error: unknown, asked: Asked): WireError {
  const [message, fault] = explain(error, asked);
  return new WireError(message, { stage: "tls", fault, cause: error });
}

/** The error of a handshake that was given up. */
export function unfinished(signal: AbortSignal): WireError {
  return new WireError("the TLS handshake was not finished", {
    stage: "tls",
    cause: signal.reason,
  });
}

/**
 * Whether node:tls may take what the platform's own TLS has not: a self-signed certificate that
 * calls itself an authority, as `openssl req -x509` makes them, and a name that stands in the
 * Common Name alone.
 */
export function isForNode(error: unknown): boolean {
  return error instanceof WireError &&
    /CaUsedAsEndEntity|not valid for any names/.test(text(error.cause));
}

/** Whether this is all that node:tls says of a certificate which it does not trust, for whatever reason. */
export function isVague(error: unknown): boolean {
  return error instanceof WireError &&
    /UNABLE_TO_VERIFY_LEAF_SIGNATURE/.test(text(error.cause));
}

type Words = string | ((match: RegExpExecArray, asked: Asked) => string);

/** What the error says, and what it means; the first that fits. */
const FAULTS: readonly (readonly [RegExp, Words, TlsFault?])[] = [
  [/not valid after (\d+)/, (match) => {
    return `the server's certificate expired on ${date(match[1])}`;
  }, "out-of-date"],
  [
    /CERT_HAS_EXPIRED|peer certificate: .*[Ee]xpired/,
    "the server's certificate has expired",
    "out-of-date",
  ],
  [/not valid before (\d+)|not valid until (\d+)/, (match) => {
    const from = date(match[1] ?? match[2]);
    return `the server's certificate is valid from ${from} on; is the clock of this machine right?`;
  }, "out-of-date"],
  [
    /CERT_NOT_YET_VALID|NotValidYet/,
    "the server's certificate is not valid yet; is the clock of this machine right?",
    "out-of-date",
  ],
  [
    /CaUsedAsEndEntity|SELF_SIGNED_CERT/,
    "the server's certificate is self-signed; to trust it, give it as caCerts",
    "untrusted",
  ],
  [
    /UNABLE_TO_VERIFY_LEAF_SIGNATURE/,
    "the server's certificate is not trusted: its issuer is unknown to us, or it is out of date",
    "untrusted",
  ],
  [
    /UnknownIssuer|UNABLE_TO_/,
    (_, { credentials }) =>
      `the issuer of the server's certificate is not trusted; ${
        credentials.caCerts === undefined
          ? "give the issuer's certificate as caCerts"
          : "caCerts does not hold the issuer's certificate"
      }`,
    "untrusted",
  ],
  [/only valid for (.+)/, (match, { serverName }) => {
    const names = [...(match[1] ?? "").matchAll(/\(([^()]+)\)/g)]
      .map(([, name]) => name?.replaceAll('"', ""));
    return wrongName(names.join(", ") || match[1], serverName);
  }, "wrong-name"],
  [
    /not valid for (any names|name)/,
    (_, { serverName }) => wrongName(undefined, serverName),
    "wrong-name",
  ],
  [
    /KeyMismatch|KEY_VALUES_MISMATCH/,
    "key is not the key of cert",
  ],
  [
    /CertificateRequired/,
    "the server requires a client certificate",
    "client-certificate",
  ],
  [
    /alert: UnknownCA/,
    "the server does not trust the issuer of our client certificate",
    "client-certificate",
  ],
  [
    /alert: CertificateExpired/,
    "the server says that our client certificate has expired",
    "client-certificate",
  ],
  [/alert: (\w*Certificate\w*|AccessDenied|DecryptError)/, (match) => {
    return `the server refused our client certificate (${match[1]})`;
  }, "client-certificate"],
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
    /BadEncoding|Unable to (decode certificate|add pem file)/,
    "a certificate is damaged: the server's, or one in caCerts or cert",
  ],
  [/parse private key|No keys found/, "key cannot be read"],
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
    "no-tls",
  ],
];

function explain(
  error: unknown,
  asked: Asked,
): readonly [message: string, fault?: TlsFault | undefined] {
  const names = certificateNames(error);
  if (names !== undefined) {
    return [wrongName(names, asked.serverName), "wrong-name"];
  }
  if (isClose(error)) {
    return [
      "the port closed the connection in the TLS handshake; it may not speak TLS",
      "no-tls",
    ];
  }
  const said = text(error);
  for (const [pattern, meaning, fault] of FAULTS) {
    const match = pattern.exec(said);
    if (match === null) continue;
    return [
      typeof meaning === "string" ? meaning : meaning(match, asked),
      fault,
    ];
  }
  return [`TLS failed: ${error instanceof Error ? error.message : said}`];
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
