// The options of the wire: what cannot be is the caller's mistake, told before anything is sent.

import { assertRejects } from "@std/assert";
import { connect, type ConnectOptions } from "../../mod.ts";

const CERT = "-----BEGIN CERTIFICATE-----\nAAAA\n-----END CERTIFICATE-----\n";
const KEY = "-----BEGIN PRIVATE KEY-----\nAAAA\n-----END PRIVATE KEY-----\n";

/** What a program in JavaScript may hand over, whatever the types say. */
const WRONG: readonly (readonly [
  name: string,
  url: string,
  options: Record<string, unknown>,
  said: string,
])[] = [
  ["tls over TCP", "mqtt:", { tls: {} }, "mqtts:"],
  ["tls over ws", "ws:", { tls: {} }, "wss:"],
  ["headers over TLS", "mqtts:", { headers: {} }, "headers"],
  ["a header with a line break", "ws:", { headers: { a: "b\r\nc" } }, "header"],
  ["a name that does not exist", "mqtts:", { tls: { ca: CERT } }, '"tls.ca"'],
  ["tls that is no object", "mqtts:", { tls: true }, "object"],
  ["a path for caCerts", "mqtts:", { tls: { caCerts: "/etc/ca.pem" } }, "PEM"],
  ["a path among caCerts", "mqtts:", {
    tls: { caCerts: [CERT, "/etc/ca.pem"] },
  }, "PEM"],
  ["bytes for caCerts", "mqtts:", {
    tls: { caCerts: new Uint8Array(9) },
  }, "PEM"],
  ["a cert without key", "mqtts:", { tls: { cert: CERT } }, "together"],
  ["a key without cert", "mqtts:", { tls: { key: KEY } }, "together"],
  [
    "a key for cert",
    "mqtts:",
    { tls: { cert: KEY, key: KEY } },
    "cert holds no certificate",
  ],
  [
    "a cert for key",
    "mqtts:",
    { tls: { cert: CERT, key: CERT } },
    "no private key",
  ],
  ["an encrypted key", "mqtts:", {
    tls: { cert: CERT, key: KEY.replaceAll("PRIVATE", "ENCRYPTED PRIVATE") },
  }, "encrypted"],
  ["alpnProtocols that are one", "mqtts:", {
    tls: { alpnProtocols: "mqtt" },
  }, "alpnProtocols"],
  ["an empty protocol", "mqtts:", { tls: { alpnProtocols: [""] } }, "alpn"],
  ["an empty serverName", "mqtts:", { tls: { serverName: "" } }, "serverName"],
  ["insecure true", "mqtts:", { tls: { insecure: true } }, "insecure"],
];

for (const [name, scheme, options, said] of WRONG) {
  Deno.test(`connect rejects with a TypeError for ${name}`, async () => {
    await assertRejects(
      () => connect(`${scheme}//127.0.0.1:1`, options as ConnectOptions),
      TypeError,
      said,
    );
  });
}

Deno.test("connect rejects with a TypeError for tls or headers with a transport of one's own", async () => {
  const transport = { open: () => Promise.reject(new Error("never asked")) };
  for (const options of [{ tls: {} }, { headers: {} }]) {
    await assertRejects(
      () => connect("wss://127.0.0.1", { ...options, transport }),
      TypeError,
      "transport",
    );
  }
});
