/**
 * What to try where a wire does not lead to the server.
 *
 * @module
 */
import type { Values } from "./option.ts";
import type { SHARED } from "./shared_options.ts";
import { TLS_OPTIONS } from "./wire_options.ts";
import { asked, type Scheme, schemeOf, SCHEMES } from "./wires.ts";

/** What `connect()` asks a WebSocket for where the URL names no path. */
const DEFAULT_PATH = "/mqtt";

/** Each as a sentence without its end. */
export interface WireHints {
  /** Where TLS is not asked for. */
  readonly tls?: string;
  /** Where TLS is asked for. */
  readonly plain?: string;
  /** Where no WebSocket is asked for. */
  readonly webSocket?: string;
  /** Where one is asked for. */
  readonly path?: string;
  /** Where nobody vouches for the server's certificate. */
  readonly issuer?: string;
  /** Where the server's certificate is for another host. */
  readonly serverName?: string;
  /** Where the server requires a certificate, or refused the one it was shown. */
  readonly certificate?: string;
}

/** The hints for the wire that was asked for. A socket of this machine has no other. */
export function wireHints(
  values: Values<typeof SHARED>,
  url: string,
): WireHints {
  const { protocol, pathname, search } = new URL(url);
  const scheme = SCHEMES.get(protocol);
  if (scheme === undefined) return {};
  const { hasTls, isWebSocket } = scheme;
  // Where the server was named by a URL, another URL is easier to type than options.
  const hint = (other: Partial<Scheme>, options: string) =>
    values.url === undefined
      ? `Try ${options}`
      : `Try ${schemeOf({ ...scheme, ...other })}//`;
  const isDefault = pathname === "/" && search === "";
  const path = isDefault ? DEFAULT_PATH : pathname;
  return {
    ...isWebSocket
      ? {
        path: `The path was ${path}, ${hasTls ? "with" : "without"} TLS`,
      }
      : {
        webSocket: hint({ isWebSocket: true }, `--ws-path ${DEFAULT_PATH}`),
      },
    ...hasTls
      ? {
        plain: hint({ hasTls: false }, optionsForPlain(values)),
        ...certificateHints(values),
      }
      : { tls: hint({ hasTls: true }, optionsForTls(values)) },
  };
}

function optionsForTls(values: Values<typeof SHARED>): string {
  const [noTls] = asked(values, ["noTls"]);
  return noTls === undefined ? "--tls" : `without ${noTls}`;
}

function optionsForPlain(values: Values<typeof SHARED>): string {
  const options = asked(values, TLS_OPTIONS).join(", ");
  if (options === "") return "--no-tls";
  // Who has asked for TLS rather wants another port than no TLS.
  return values.port === 1883
    ? `-p 8883, or without ${options}`
    : `without ${options}`;
}

function certificateHints(
  { servername, cert, insecure }: Values<typeof SHARED>,
): Pick<WireHints, "issuer" | "serverName" | "certificate"> {
  return {
    // With other tools the same word means that nothing is checked.
    ...insecure === "host-name" && {
      issuer:
        "--insecure checks all but the name, --insecure=everything nothing",
    },
    serverName: servername === undefined
      ? "Check the host name, or say with --servername which to expect"
      : "Check --servername",
    certificate: cert === undefined ? "Try --cert and --key" : "Check --cert",
  };
}
