/**
 * SCRAM-SHA-256 (RFC 5802, RFC 7677) as an authentication method: both sides prove that they know the password,
 * and neither sends it.
 *
 * Run it with `deno run --allow-net examples/scram.ts mqtt://localhost USER PASSWORD`. For a server of one's own,
 * `StoredKeys` is what it keeps of a password.
 *
 * @module
 */
import { type Authenticate, connect, type ConnectOptions } from "../mod.ts";

const METHOD = "SCRAM-SHA-256";

/** Fewer rounds make a stolen password file easy to search (RFC 7677, 4); more than these would keep us busy for a server's fun. */
const ITERATIONS_MIN = 4_096;
const ITERATIONS_MAX = 1_000_000;

/** We bind to no channel, and say so: `n,,` in base64 (RFC 5802, 5.1). */
const NO_BINDING = "biws";

const encoder = new TextEncoder();
const decoder = new TextDecoder();

/** What a server keeps of a password. It cannot be used to log in. */
export interface StoredKeys {
  readonly salt: Uint8Array<ArrayBuffer>;
  readonly iterations: number;
  readonly storedKey: Uint8Array<ArrayBuffer>;
  readonly serverKey: Uint8Array<ArrayBuffer>;
}

/** The options with which `connect()` authenticates by SCRAM-SHA-256. */
export function scram(
  username: string,
  password: string,
  makeNonce: () => string = randomNonce,
): Pick<ConnectOptions, "authenticate" | "properties"> {
  const authenticate: Authenticate = async function* () {
    const nonce = makeNonce();
    const clientFirst = `n=${escaped(username)},r=${nonce}`;
    const { data: challenge } = yield `n,,${clientFirst}`;

    const serverFirst = decoder.decode(challenge);
    const { r = "", s = "", i = "" } = fieldsOf(serverFirst);
    const iterations = Number(i);
    if (!r.startsWith(nonce) || r.length === nonce.length) {
      throw new Error("the server has not gone on with our nonce");
    }
    if (!(iterations >= ITERATIONS_MIN && iterations <= ITERATIONS_MAX)) {
      throw new Error(`the server asks for ${i} iterations`);
    }
    const salted = await saltedPassword(password, bytesOf(s), iterations);
    const { clientKey, storedKey, serverKey } = await keysOf(salted);
    const unproven = `c=${NO_BINDING},r=${r}`;
    const talk = `${clientFirst},${serverFirst},${unproven}`;
    const proof = xor(clientKey, await hmac(storedKey, talk));
    const { data: final } = yield `${unproven},p=${base64(proof)}`;

    // Without this, anybody could play the server.
    const { v = "" } = fieldsOf(decoder.decode(final));
    if (v !== base64(await hmac(serverKey, talk))) {
      throw new Error("the server has not proved that it knows us");
    }
  };
  return { authenticate, properties: { authenticationMethod: METHOD } };
}

/** What a server is to keep of a password. */
export async function storedKeys(
  password: string,
  salt: Uint8Array<ArrayBuffer> = crypto.getRandomValues(new Uint8Array(16)),
  iterations: number = ITERATIONS_MIN,
): Promise<StoredKeys> {
  const salted = await saltedPassword(password, salt, iterations);
  const { storedKey, serverKey } = await keysOf(salted);
  return { salt, iterations, storedKey, serverKey };
}

/** The server's part of one exchange. */
export class ScramServer {
  readonly #find: (username: string) => StoredKeys | undefined;
  readonly #nonce: string;
  #keys: StoredKeys | undefined;
  #talk = "";
  #combined = "";

  /** Makes a server that looks up what is kept of a user's password. */
  constructor(
    find: (username: string) => StoredKeys | undefined,
    nonce: string = randomNonce(),
  ) {
    this.#find = find;
    this.#nonce = nonce;
  }

  /** Answers the client's first message; undefined where the user is not known. */
  challenge(clientFirst: string): string | undefined {
    const bare = clientFirst.replace(/^n,,/, "");
    const { n = "", r = "" } = fieldsOf(bare);
    this.#keys = this.#find(n.replaceAll("=2C", ",").replaceAll("=3D", "="));
    if (this.#keys === undefined) return undefined;
    const { salt, iterations } = this.#keys;
    this.#combined = r + this.#nonce;
    const first = `r=${this.#combined},s=${base64(salt)},i=${iterations}`;
    this.#talk = `${bare},${first}`;
    return first;
  }

  /** Answers the client's final message; undefined where the proof is wrong. */
  async verdict(clientFinal: string): Promise<string | undefined> {
    const { c, r, p = "" } = fieldsOf(clientFinal);
    const keys = this.#keys;
    if (keys === undefined || c !== NO_BINDING || r !== this.#combined) {
      return undefined;
    }
    const talk = `${this.#talk},c=${c},r=${r}`;
    const clientKey = xor(bytesOf(p), await hmac(keys.storedKey, talk));
    if (base64(await sha256(clientKey)) !== base64(keys.storedKey)) {
      return undefined;
    }
    return `v=${base64(await hmac(keys.serverKey, talk))}`;
  }
}

async function saltedPassword(
  password: string,
  salt: Uint8Array<ArrayBuffer>,
  iterations: number,
): Promise<Uint8Array<ArrayBuffer>> {
  const key = await crypto.subtle.importKey(
    "raw",
    encoder.encode(password.normalize("NFKC")),
    "PBKDF2",
    false,
    ["deriveBits"],
  );
  const how = { name: "PBKDF2", hash: "SHA-256", salt, iterations };
  return new Uint8Array(await crypto.subtle.deriveBits(how, key, 256));
}

async function keysOf(salted: Uint8Array<ArrayBuffer>) {
  const clientKey = await hmac(salted, "Client Key");
  const serverKey = await hmac(salted, "Server Key");
  return { clientKey, serverKey, storedKey: await sha256(clientKey) };
}

async function hmac(
  secret: Uint8Array<ArrayBuffer>,
  text: string,
): Promise<Uint8Array<ArrayBuffer>> {
  const how = { name: "HMAC", hash: "SHA-256" };
  const key = await crypto.subtle.importKey("raw", secret, how, false, [
    "sign",
  ]);
  return new Uint8Array(
    await crypto.subtle.sign("HMAC", key, encoder.encode(text)),
  );
}

async function sha256(
  bytes: Uint8Array<ArrayBuffer>,
): Promise<Uint8Array<ArrayBuffer>> {
  return new Uint8Array(await crypto.subtle.digest("SHA-256", bytes));
}

function xor(
  one: Uint8Array<ArrayBuffer>,
  other: Uint8Array<ArrayBuffer>,
): Uint8Array<ArrayBuffer> {
  return one.map((byte, index) => byte ^ (other[index] ?? 0));
}

/** The fields of a message: a letter, `=`, and what goes to the next comma. */
function fieldsOf(message: string): Partial<Record<string, string>> {
  return Object.fromEntries(
    message.split(",").map((field) => [field[0], field.slice(2)]),
  );
}

function escaped(username: string): string {
  return username.normalize("NFKC").replaceAll("=", "=3D")
    .replaceAll(",", "=2C");
}

function base64(bytes: Uint8Array<ArrayBuffer>): string {
  return btoa(String.fromCharCode(...bytes));
}

function bytesOf(base64: string): Uint8Array<ArrayBuffer> {
  return Uint8Array.from(atob(base64), (character) => character.charCodeAt(0));
}

function randomNonce(): string {
  return base64(crypto.getRandomValues(new Uint8Array(18)));
}

if (import.meta.main) {
  const [url = "mqtt://localhost", username = "", password = ""] = Deno.args;
  await using client = await connect(url, scram(username, password));
  console.log(`${client.connection.clientId} is known as ${username}`);
}
