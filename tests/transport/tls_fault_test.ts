// What is said of alerts that the servers of these tests do not send, and of what nobody knows.

import { assertEquals, assertStrictEquals } from "@std/assert";
import type { TlsFault } from "../../src/errors.ts";
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

Deno.test("tlsFault says what kind of fault it is, where a person can do something about it", () => {
  const kinds: readonly (readonly [string, TlsFault | undefined])[] = [
    ["invalid peer certificate: UnknownIssuer", "untrusted"],
    ["invalid peer certificate: Expired", "out-of-date"],
    ["received corrupt message of type InvalidContentType", "no-tls"],
    ["received fatal alert: CertificateRequired", "client-certificate"],
    ["received fatal alert: UnknownCA", "client-certificate"],
    ["received fatal alert: BadCertificate", "client-certificate"],
    ["received fatal alert: InternalError", undefined],
    ["invalid peer certificate: BadEncoding", undefined],
  ];
  for (const [words, fault] of kinds) {
    const cause = new Deno.errors.InvalidData(words);
    const asked = { serverName: "server.test", credentials: NOBODY };
    assertEquals(tlsFault(cause, asked).fault, fault, words);
  }
});
