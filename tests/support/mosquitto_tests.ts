// Registers tests against a real mosquitto, which the tests of one file share.

import {
  type Certificates,
  hasOpenssl,
  makeCertificates,
} from "./certificates.ts";
import {
  findMosquitto,
  type Mosquitto,
  type SecureMosquitto,
  startMosquitto,
  startSecureMosquitto,
} from "./mosquitto.ts";
import { sharing } from "./shared.ts";

/** A broker that listens on every wire, and the certificates for that. */
export interface SecurePeers extends AsyncDisposable {
  readonly broker: SecureMosquitto;
  readonly certificates: Certificates;
}

const TIMEOUT_MS = 60_000;

const executable = await findMosquitto();
const canBeSecure = executable !== undefined && await hasOpenssl();

/** `Deno.test` with a broker on plain wires; ignored, saying why, where there is none. */
export const mosquittoTest = sharing<Mosquitto>({
  make: executable === undefined ? undefined : () => startMosquitto(executable),
  needs: "mosquitto",
  timeoutMs: TIMEOUT_MS,
});

/** `Deno.test` with a broker on every wire; ignored, saying why, where there is none. */
export const secureMosquittoTest = sharing<SecurePeers>({
  make: canBeSecure ? () => startPeers(executable) : undefined,
  needs: "mosquitto or openssl",
  timeoutMs: TIMEOUT_MS,
});

/** The URL of a port on loopback. */
export function address(port: number): string {
  return `mqtt://127.0.0.1:${port}`;
}

async function startPeers(executable: string): Promise<SecurePeers> {
  await using stack = new AsyncDisposableStack();
  const certificates = stack.use(await makeCertificates());
  const broker = stack.use(
    await startSecureMosquitto(executable, certificates),
  );
  const made = stack.move();
  return {
    broker,
    certificates,
    [Symbol.asyncDispose]: () => made.disposeAsync(),
  };
}
