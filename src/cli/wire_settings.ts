/**
 * What is asked of TLS and of a WebSocket, from the options and the files that they name.
 *
 * @module
 */
import type { HeaderFields, TlsOptions } from "../../mod.ts";
import { given, type Values } from "./option.ts";
import { readPem } from "./pem.ts";
import type { SHARED } from "./shared_options.ts";
import { UsageError } from "./usage_error.ts";

type SharedValues = Values<typeof SHARED>;

/** How TLS is done. Throws a UsageError for files that it could make nothing of. */
export async function tlsOptions(values: SharedValues): Promise<TlsOptions> {
  const { cert, key, servername, alpn, insecure, spellings } = values;
  const read = async (name: "cafile" | "cert" | "key") => {
    const path = values[name];
    if (path === undefined) return undefined;
    const option = spellings.get(name) ?? `--${name}`;
    const holds = name === "key" ? "key" : "certificates";
    return await readPem({ option, path, holds });
  };
  if (cert !== undefined && key === undefined) {
    throw new UsageError(
      `${spellings.get("cert")} needs --key, the file of its private key`,
    );
  }
  if (key !== undefined && cert === undefined) {
    throw new UsageError(
      `${spellings.get("key")} needs --cert, the file of its certificate`,
    );
  }
  return given<TlsOptions>({
    caCerts: await read("cafile"),
    cert: await read("cert"),
    key: await read("key"),
    serverName: servername,
    alpnProtocols: alpn.length === 0 ? undefined : alpn,
    insecure,
  });
}

/** The header fields of a WebSocket's request. Values may be secret: no message shows them. */
export function headerFields(
  { wsHeader, spellings }: SharedValues,
): HeaderFields {
  const option = spellings.get("wsHeader");
  const fields = new Map<string, readonly [name: string, value: string]>();
  for (const line of wsHeader) {
    const colon = line.indexOf(":");
    if (colon < 1) {
      throw new UsageError(`option ${option} needs 'NAME: VALUE'`);
    }
    const name = line.slice(0, colon).trim();
    if (fields.has(name.toLowerCase())) {
      throw new UsageError(`option ${option} gives ${name} twice`);
    }
    fields.set(name.toLowerCase(), [name, line.slice(colon + 1).trim()]);
  }
  return Object.fromEntries(fields.values());
}
