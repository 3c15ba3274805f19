// Certificates of the tests' own, made by openssl: an authority, servers good and bad, a client.

import { type SharedTest, sharing } from "./shared.ts";

/** A certificate and its key, as PEM text. */
export interface Identity {
  readonly cert: string;
  readonly key: string;
}

/** What the tests show to each other. */
export interface Certificates extends AsyncDisposable {
  /** Where each of them stands as `NAME.pem` and `NAME.key`. */
  readonly folder: string;
  /** The authority that has signed all of them but `selfSigned` and `commonName`. */
  readonly ca: string;
  /** For localhost, 127.0.0.1 and ::1. */
  readonly server: Identity;
  /** The client `alice`. */
  readonly alice: Identity;
  /** For other.test alone. */
  readonly otherName: Identity;
  /** It ended with the year 2020. */
  readonly expired: Identity;
  /** It begins with the year 2100. */
  readonly future: Identity;
  /** As `openssl req -x509` makes it: an authority of its own, for localhost and 127.0.0.1. */
  readonly selfSigned: Identity;
  /** The same, with its name in the Common Name alone: localhost. */
  readonly commonName: Identity;
}

const TIMEOUT_MS = 20_000;

/** Whether certificates can be made here. */
export async function hasOpenssl(): Promise<boolean> {
  try {
    await run(".", ["version"]);
    return true;
  } catch {
    return false;
  }
}

/** What registers tests that share one set of certificates; ignored, saying why, without openssl. */
export async function certificateTests(): Promise<SharedTest<Certificates>> {
  return sharing({
    make: await hasOpenssl() ? makeCertificates : undefined,
    needs: "openssl",
    timeoutMs: TIMEOUT_MS,
  });
}

const SERVER_NAMES = "subjectAltName=DNS:localhost,IP:127.0.0.1,IP:::1";

/** What `openssl ca` asks for: it alone sets dates that have passed. */
const CA_CONFIGURATION = `[ca]
default_ca = test
[test]
database = index
serial = serial
new_certs_dir = .
default_md = sha256
policy = any
[any]
commonName = supplied
`;

/** Makes them all, in a temporary folder. */
export async function makeCertificates(): Promise<Certificates> {
  const folder = await Deno.makeTempDir({ prefix: "midge-certificates-" });
  const openssl = (...args: string[]) => run(folder, args);
  const identity = async (name: string): Promise<Identity> => ({
    cert: await Deno.readTextFile(`${folder}/${name}.pem`),
    key: await Deno.readTextFile(`${folder}/${name}.key`),
  });
  const newKey = (name: string) => [
    "-newkey",
    "ec",
    "-pkeyopt",
    "ec_paramgen_curve:prime256v1",
    "-nodes",
    "-keyout",
    `${name}.key`,
  ];
  const selfSign = (name: string, subject: string, ...names: string[]) =>
    openssl(
      ...["req", "-x509", "-days", "30", "-subj", `/CN=${subject}`],
      ...names.flatMap((each) => ["-addext", each]),
      ...newKey(name),
      ...["-out", `${name}.pem`],
    );
  const sign = async (
    name: string,
    subject: string,
    extension: string,
    dates: readonly string[] = ["-days", "30"],
  ) => {
    await openssl(
      ...["req", "-subj", `/CN=${subject}`, ...newKey(name)],
      ...["-out", `${name}.csr`],
    );
    await Deno.writeTextFile(`${folder}/${name}.cnf`, extension);
    await openssl(
      ...["ca", "-batch", "-notext", "-config", "ca.cnf", "-rand_serial"],
      ...["-cert", "ca.pem", "-keyfile", "ca.key", ...dates],
      ...["-extfile", `${name}.cnf`, "-in", `${name}.csr`],
      ...["-out", `${name}.pem`],
    );
    // Two certificates of one name are no mistake here.
    await Deno.writeTextFile(`${folder}/index`, "");
  };
  try {
    await Deno.writeTextFile(`${folder}/ca.cnf`, CA_CONFIGURATION);
    await Deno.writeTextFile(`${folder}/index`, "");
    await selfSign("ca", "midge test authority");
    await sign("server", "localhost", SERVER_NAMES);
    await sign("alice", "alice", "extendedKeyUsage=clientAuth");
    await sign("otherName", "other.test", "subjectAltName=DNS:other.test");
    await sign("expired", "localhost", SERVER_NAMES, [
      ...["-startdate", "20200101000000Z", "-enddate", "20201231235959Z"],
    ]);
    await sign("future", "localhost", SERVER_NAMES, [
      ...["-startdate", "21000101000000Z", "-enddate", "21010101000000Z"],
    ]);
    await selfSign(
      "selfSigned",
      "localhost",
      "subjectAltName=DNS:localhost,IP:127.0.0.1",
    );
    await selfSign("commonName", "localhost");
    return {
      folder,
      ca: (await identity("ca")).cert,
      server: await identity("server"),
      alice: await identity("alice"),
      otherName: await identity("otherName"),
      expired: await identity("expired"),
      future: await identity("future"),
      selfSigned: await identity("selfSigned"),
      commonName: await identity("commonName"),
      [Symbol.asyncDispose]: () => Deno.remove(folder, { recursive: true }),
    };
  } catch (error) {
    await Deno.remove(folder, { recursive: true });
    throw error;
  }
}

async function run(folder: string, args: string[]): Promise<void> {
  const { success, stderr } = await new Deno.Command("openssl", {
    args,
    cwd: folder,
    stdin: "null",
    stdout: "null",
    stderr: "piped",
  }).output();
  if (!success) {
    throw new Error(
      `openssl ${args.join(" ")}: ${new TextDecoder().decode(stderr)}`,
    );
  }
}
