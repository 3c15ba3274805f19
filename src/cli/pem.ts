/**
 * Files of certificates and keys in PEM form (RFC 7468). What no TLS could make anything of is told
 * before the network is touched: with the file's name, and with the command that makes it right.
 *
 * @module
 */
import { readAll } from "./input.ts";
import { UsageError } from "./usage_error.ts";

/** The first byte of a certificate or a key in DER form: that of a SEQUENCE. */
const SEQUENCE = 0x30;

/** A file that an option names. */
export interface PemFile {
  /** The option, as it was spelled. */
  readonly option: string;
  readonly path: string;
  readonly holds: "certificates" | "key";
}

/** Reads such a file. Throws a UsageError that names it. */
export async function readPem(
  { option, path, holds }: PemFile,
): Promise<string> {
  const bytes = await readAll(path);
  const fault = holds === "key"
    ? keyFault(bytes, path)
    : certificateFault(bytes, path);
  if (fault === undefined) return new TextDecoder().decode(bytes);
  throw new UsageError(`${option} ${path} ${fault}`);
}

/** What is wrong with a file of certificates, as it goes on behind its name; undefined where nothing is seen to be. */
export function certificateFault(
  bytes: Uint8Array,
  path: string,
): string | undefined {
  const pem = new TextDecoder().decode(bytes);
  const found = [...pem.matchAll(/-----BEGIN (CERTIFICATE)-----([^-]*)/g)];
  if (found.length > 0) return damage(pem, found, "certificate");
  if (isDer(bytes)) {
    return `is in DER form. Try: openssl x509 -inform der -in ${path} -out NEWFILE`;
  }
  return /-----BEGIN [A-Z ]*PRIVATE KEY-----/.test(pem)
    ? "holds no certificate but a private key"
    : "holds no certificate in PEM form";
}

/** What is wrong with the file of a private key, as it goes on behind its name; undefined where nothing is seen to be. */
export function keyFault(
  bytes: Uint8Array,
  path: string,
): string | undefined {
  const pem = new TextDecoder().decode(bytes);
  if (/-----BEGIN ENCRYPTED |Proc-Type: 4,ENCRYPTED/.test(pem)) {
    return `is encrypted, and no password is asked for. Try: openssl pkey -in ${path} -out NEWFILE`;
  }
  const [key] = pem.matchAll(
    /-----BEGIN ((?:RSA |EC )?PRIVATE KEY)-----([^-]*)/g,
  );
  if (key !== undefined) return damage(pem, [key], "private key");
  if (isDer(bytes)) {
    return `is in DER form. Try: openssl pkey -inform der -in ${path} -out NEWFILE`;
  }
  return pem.includes("-----BEGIN CERTIFICATE-----")
    ? "holds no private key but a certificate"
    : "holds no private key in PEM form";
}

/** Each block has to have an end, and between its lines one whole value in base64. */
function damage(
  pem: string,
  blocks: readonly RegExpExecArray[],
  what: string,
): string | undefined {
  for (const { 0: block, 1: label, 2: base64 = "", index } of blocks) {
    if (!pem.startsWith(`-----END ${label}-----`, index + block.length)) {
      return `is cut short: it has the beginning of a ${what}, and no end`;
    }
    if (!isDer(decodeBase64(base64))) {
      return `is damaged: it holds a ${what} that cannot be read`;
    }
  }
  return undefined;
}

function decodeBase64(text: string): Uint8Array {
  try {
    return Uint8Array.from(
      atob(text.replaceAll(/\s/g, "")),
      (character) => character.charCodeAt(0),
    );
  } catch {
    return new Uint8Array();
  }
}

/** Whether it is one SEQUENCE whose length is that of the bytes (X.690, 8.1.3). */
function isDer(bytes: Uint8Array): boolean {
  const [tag, first = 0] = bytes;
  if (tag !== SEQUENCE) return false;
  const lengthSize = first < 0x80 ? 0 : first & 0x7F;
  const length = lengthSize === 0 ? first : bytes.subarray(2, 2 + lengthSize)
    .reduce((sum, byte) => sum * 0x100 + byte, 0);
  return bytes.length === 2 + lengthSize + length;
}
