/**
 * What TLS can be asked for, and what of it can be told wrong before a connection is made.
 *
 * @module
 */

/** Certificates or a key as PEM text, or a function that is asked for them at each connection. */
export type Pem<Value = string> = Value | (() => Value | Promise<Value>);

/** How TLS is done: whom the server has to prove to be, and whom we prove to be. */
export interface TlsOptions {
  /**
   * Certificates, in PEM form, of issuers to trust besides those that Deno trusts. A self-signed
   * certificate is its own issuer: give it itself.
   */
  readonly caCerts?: Pem<string | readonly string[]>;
  /** Our certificate, in PEM form, with those between it and its issuer behind it; goes with `key`. */
  readonly cert?: Pem;
  /** The key of `cert`, in PEM form, not encrypted. */
  readonly key?: Pem;
  /** The protocols to offer (ALPN), such as `mqtt`. */
  readonly alpnProtocols?: readonly string[];
  /** The name that the server's certificate must hold; the host of the URL by default. */
  readonly serverName?: string;
  /**
   * What is not checked. `"host-name"`: whether the certificate is for this host; its issuer still
   * has to be trusted. `"everything"`: nothing is; the connection is encrypted, but anybody can be at
   * the other end.
   */
  readonly insecure?: "host-name" | "everything";
}

/** One connection that is to be made. */
export interface TlsTarget {
  readonly hostname: string;
  readonly port: number;
  /** The name that the certificate has to hold. */
  readonly serverName: string;
  readonly credentials: Credentials;
  readonly alpnProtocols: readonly string[] | undefined;
  readonly insecure: TlsOptions["insecure"];
}

/** What the functions among the options have given, for one connection. */
export interface Credentials {
  readonly caCerts: readonly string[] | undefined;
  readonly cert: string | undefined;
  readonly key: string | undefined;
}

/** What is wrong with a PEM text; undefined where nothing is, as far as can be told without reading it. */
export function pemFault(
  name: "caCerts" | "cert" | "key",
  pem: unknown,
): string | undefined {
  if (name === "caCerts" && Array.isArray(pem)) {
    for (const each of pem) {
      const fault = pemFault(name, each);
      if (fault !== undefined) return fault;
    }
    return undefined;
  }
  if (typeof pem !== "string") return `${name} must be text in PEM form`;
  if (name !== "key") {
    return pem.includes("-----BEGIN CERTIFICATE-----")
      ? undefined
      : `${name} holds no certificate in PEM form`;
  }
  if (/-----BEGIN ENCRYPTED|Proc-Type: 4,ENCRYPTED/.test(pem)) {
    return "key is encrypted; openssl pkey writes it without its password";
  }
  return /-----BEGIN [A-Z ]*PRIVATE KEY-----/.test(pem)
    ? undefined
    : "key holds no private key in PEM form";
}
