// What is said of alerts that the servers of these tests do not send, and of what nobody knows.

import { assertEquals, assertStrictEquals } from "@std/assert";
import { tlsFault } from "../../src/transport/tls_fault.ts";

const NOBODY = { caCerts: undefined, cert: undefined, key: undefined };

const ALERTS: readonly (readonly [string, string])[] = [
  [
    "CertificateExpired",
    "the server says that our client certificate has expired",
  ],
  [
    "BadCertificate",
    "the server refused our client certificate (BadCertificate)",
  ],
  ["AccessDenied", "the server refused our client certificate (AccessDenied)"],
  [
    "HandshakeFailure",
    "the server refused the TLS handshake; it may require a client certificate",
  ],
  [
    "ProtocolVersion",
    "the server speaks no version of TLS that we do (1.2, 1.3)",
  ],
  ["UnrecognisedName", "the server does not know the name server.test"],
  ["InternalError", "TLS failed: received fatal alert: InternalError"],
];

for (const [alert, said] of ALERTS) {
  Deno.test(`tlsFault explains the alert ${alert}`, () => {
    const cause = new Deno.errors.InvalidData(`received fatal alert: ${alert}`);
    const error = tlsFault(cause, {
      serverName: "server.test",
      credentials: NOBODY,
    });
    assertEquals(error.message, said);
    assertEquals(error.stage, "tls");
    assertStrictEquals(error.cause, cause);
  });
}
