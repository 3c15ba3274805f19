// What can be told of a file of certificates or of a key without reading it as TLS does.

import { assertEquals } from "@std/assert";
import { certificateFault, keyFault } from "../../src/cli/pem.ts";

const PATH = "dir/file";

/** The smallest values in DER form: a SEQUENCE of one NULL, and one whose length takes two bytes. */
const DER = Uint8Array.of(0x30, 0x02, 0x05, 0x00);
const LONG_DER = Uint8Array.of(0x30, 0x82, 0x01, 0x00, ...new Uint8Array(256));

function encode(text: string): Uint8Array {
  return new TextEncoder().encode(text);
}

/** A block as RFC 7468 has it, with CR LF at its line ends: that is allowed as well. */
function block(label: string, der: Uint8Array = DER): string {
  const lines = der.toBase64().match(/.{1,64}/g) ?? [];
  return [`-----BEGIN ${label}-----`, ...lines, `-----END ${label}-----`, ""]
    .join("\r\n");
}

const CERTIFICATE = block("CERTIFICATE");
const KEY = block("PRIVATE KEY");

const CERTIFICATES: readonly (readonly [
  name: string,
  file: string | Uint8Array,
  fault?: string,
])[] = [
  ["one certificate", CERTIFICATE],
  ["several, with words between them", `a\n${CERTIFICATE}b\n${CERTIFICATE}`],
  ["a certificate of usual length", block("CERTIFICATE", LONG_DER)],
  ["a key beside it", KEY + CERTIFICATE],
  ["nothing", "", "holds no certificate in PEM form"],
  ["other words", "hello", "holds no certificate in PEM form"],
  ["a key alone", KEY, "holds no certificate but a private key"],
  [
    "a certificate in DER form",
    LONG_DER,
    "is in DER form. Try: openssl x509 -inform der -in dir/file -out NEWFILE",
  ],
  [
    "a certificate without its end",
    CERTIFICATE.slice(0, -10),
    "is cut short: it has the beginning of a certificate, and no end",
  ],
  [
    "a second certificate without its end",
    CERTIFICATE + CERTIFICATE.slice(0, -30),
    "is cut short: it has the beginning of a certificate, and no end",
  ],
  [
    "the end of something else",
    CERTIFICATE.replace("END CERTIFICATE", "END PRIVATE KEY"),
    "is cut short: it has the beginning of a certificate, and no end",
  ],
  [
    "what is no base64",
    CERTIFICATE.replace("MAI", "M*I"),
    "is damaged: it holds a certificate that cannot be read",
  ],
  [
    "a line too few",
    block("CERTIFICATE", LONG_DER.subarray(0, 200)),
    "is damaged: it holds a certificate that cannot be read",
  ],
  [
    "nothing between its lines",
    block("CERTIFICATE", new Uint8Array()),
    "is damaged: it holds a certificate that cannot be read",
  ],
];

for (const [name, file, fault] of CERTIFICATES) {
  Deno.test(`certificateFault looks at ${name}`, () => {
    const bytes = typeof file === "string" ? encode(file) : file;
    assertEquals(certificateFault(bytes, PATH), fault);
  });
}

const ENCRYPTED =
  "is encrypted, and no password is asked for. Try: openssl pkey -in dir/file -out NEWFILE";

const KEYS: readonly (readonly [
  name: string,
  file: string | Uint8Array,
  fault?: string,
])[] = [
  ["a key", KEY],
  ["a key of its own form", block("RSA PRIVATE KEY")],
  [
    "a key behind its parameters",
    block("EC PARAMETERS") + block("EC PRIVATE KEY"),
  ],
  ["a certificate beside it", CERTIFICATE + KEY],
  ["an encrypted key", block("ENCRYPTED PRIVATE KEY"), ENCRYPTED],
  [
    "an encrypted key of its own form",
    KEY.replace("\r\n", "\r\nProc-Type: 4,ENCRYPTED\r\nDEK-Info: A\r\n\r\n"),
    ENCRYPTED,
  ],
  ["nothing", "", "holds no private key in PEM form"],
  [
    "a key of OpenSSH",
    block("OPENSSH PRIVATE KEY"),
    "holds no private key in PEM form",
  ],
  [
    "a certificate alone",
    CERTIFICATE,
    "holds no private key but a certificate",
  ],
  [
    "a key in DER form",
    DER,
    "is in DER form. Try: openssl pkey -inform der -in dir/file -out NEWFILE",
  ],
  [
    "a key without its end",
    KEY.slice(0, -10),
    "is cut short: it has the beginning of a private key, and no end",
  ],
  [
    "a key that is none",
    block("PRIVATE KEY", Uint8Array.of(0, 0, 0)),
    "is damaged: it holds a private key that cannot be read",
  ],
];

for (const [name, file, fault] of KEYS) {
  Deno.test(`keyFault looks at ${name}`, () => {
    const bytes = typeof file === "string" ? encode(file) : file;
    assertEquals(keyFault(bytes, PATH), fault);
  });
}
