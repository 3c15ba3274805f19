// What cannot be, over each wire: the exact line that is told, and the exit code.

import { assertEquals } from "@std/assert";
import {
  secureMosquittoTest,
  type SecurePeers,
} from "../support/mosquitto_tests.ts";
import { tlsPeer } from "../transport/tls_peer.ts";
import { midge } from "./process.ts";

const PUBLISH = ["publish", "-t", "a", "-n"];

/** What was typed, and what is told. */
interface Row {
  readonly args: readonly string[];
  readonly line: string;
}

const cannot = (port: number, why: string) =>
  `cannot connect to localhost:${port}: ${why}`;

const CLOSED =
  "the server closed the connection without CONNACK; tried MQTT 5, MQTT 3.1.1, MQTT 3.1. " +
  "A port that wants TLS (mqtts:) does so too";

const NO_TLS =
  "the port closed the connection in the TLS handshake; it may not speak TLS";

const NO_WEBSOCKET =
  "the server closed it without an answer to the WebSocket upgrade";

/** TLS has failed: 8. */
const TLS_FAULTS: Readonly<Record<string, (peers: SecurePeers) => Row>> = {
  "an issuer that nobody named": ({ broker: { tls } }) => ({
    args: ["-p", `${tls}`, "--tls"],
    line: cannot(
      tls,
      "the issuer of the server's certificate is not trusted; give the issuer's certificate as --cafile",
    ),
  }),
  "an issuer that --cafile does not hold": (
    { broker: { tls }, certificates: { folder } },
  ) => ({
    args: ["-p", `${tls}`, "--cafile", `${folder}/alice.pem`],
    line: cannot(
      tls,
      "the issuer of the server's certificate is not trusted; --cafile does not hold the issuer's certificate",
    ),
  }),
  "an issuer that nobody named, with --insecure": ({ broker: { tls } }) => ({
    args: ["-p", `${tls}`, "--insecure"],
    line: cannot(
      tls,
      "the issuer of the server's certificate is not trusted; give the issuer's certificate as --cafile. " +
        "--insecure checks all but the name, --insecure=everything nothing",
    ),
  }),
  "a name that --servername does not have": (
    { broker: { tls }, certificates: { folder } },
  ) => ({
    args: [
      ...["-p", `${tls}`, "--cafile", `${folder}/ca.pem`],
      ...["--servername", "other.test"],
    ],
    line: cannot(
      tls,
      "the server's certificate is for localhost, 127.0.0.1, 0::1, not for other.test. Check --servername",
    ),
  }),
  "no certificate where one is required": (
    { broker: { mtls }, certificates: { folder } },
  ) => ({
    args: ["-p", `${mtls}`, "--cafile", `${folder}/ca.pem`],
    line: cannot(
      mtls,
      "the server requires a client certificate. Try --cert and --key",
    ),
  }),
  "a certificate that the server does not trust": (
    { broker: { mtls }, certificates: { folder } },
  ) => ({
    args: [
      ...["-p", `${mtls}`, "--cafile", `${folder}/ca.pem`],
      ...["--cert", `${folder}/selfSigned.pem`],
      ...["--key", `${folder}/selfSigned.key`],
    ],
    line: cannot(
      mtls,
      "the server does not trust the issuer of our client certificate. Check --cert",
    ),
  }),
  "a key of another certificate": (
    { broker: { mtls }, certificates: { folder } },
  ) => ({
    args: [
      ...["-p", `${mtls}`, "--cafile", `${folder}/ca.pem`],
      ...["--cert", `${folder}/alice.pem`, "--key", `${folder}/server.key`],
    ],
    line: cannot(mtls, "--key is not the key of --cert"),
  }),
  "--tls at a plain port": ({ broker: { tcp } }) => ({
    args: ["-p", `${tcp}`, "--tls"],
    line: cannot(tcp, `${NO_TLS}. Try without --tls`),
  }),
  "--cafile and --insecure at a plain port": (
    { broker: { tcp }, certificates: { folder } },
  ) => ({
    args: ["-p", `${tcp}`, "--cafile", `${folder}/ca.pem`, "--insecure"],
    line: cannot(tcp, `${NO_TLS}. Try without --cafile, --insecure`),
  }),
  "mqtts:// at a plain port": ({ broker: { tcp } }) => ({
    args: [`mqtts://localhost:${tcp}`],
    line: cannot(tcp, `${NO_TLS}. Try mqtt://`),
  }),
  "wss:// at a plain port": ({ broker: { ws } }) => ({
    args: [`wss://localhost:${ws}`],
    line: cannot(ws, "the port does not speak TLS. Try ws://"),
  }),
};

/** Nothing but TLS ends with 8. */
const OTHER_FAULTS: Readonly<Record<string, (peers: SecurePeers) => Row>> = {
  "a TLS port without --tls": ({ broker: { tls } }) => ({
    args: ["-p", `${tls}`],
    line: cannot(tls, `${CLOSED}. Try --tls`),
  }),
  "a TLS port with mqtt://": ({ broker: { tls } }) => ({
    args: [`mqtt://localhost:${tls}`],
    line: cannot(tls, `${CLOSED}. Try mqtts://`),
  }),
  "a WebSocket port without --ws-path": ({ broker: { ws } }) => ({
    args: ["-p", `${ws}`],
    line: cannot(ws, "the port speaks HTTP, not MQTT. Try --ws-path /mqtt"),
  }),
  "a WebSocket port of TLS with mqtts://": (
    { broker: { wss }, certificates: { folder } },
  ) => ({
    args: [`mqtts://localhost:${wss}`, "--cafile", `${folder}/ca.pem`],
    line: cannot(wss, "the port speaks HTTP, not MQTT. Try wss://"),
  }),
  "--ws-path at a port that has no WebSocket": ({ broker: { tcp } }) => ({
    args: ["-p", `${tcp}`, "--ws-path", "/a"],
    line: cannot(
      tcp,
      `${NO_WEBSOCKET}. The path was /a, without TLS`,
    ),
  }),
  "a socket that is not there": ({ certificates: { folder } }) => ({
    args: ["--unix", `${folder}/a socket`],
    line:
      `cannot connect to ${folder}/a socket: No such file or directory (os error 2). Is a broker running there?`,
  }),
  "a file that is no socket": ({ certificates: { folder } }) => ({
    args: ["--unix", `${folder}/ca.pem`],
    line:
      `cannot connect to ${folder}/ca.pem: connection refused. Is a broker running there?`,
  }),
  "a certificate without its key": ({ certificates: { folder } }) => ({
    args: ["--cert", `${folder}/alice.pem`],
    line: "--cert needs --key, the file of its private key",
  }),
  "a key without its certificate": ({ certificates: { folder } }) => ({
    args: ["--key", `${folder}/alice.key`],
    line: "--key needs --cert, the file of its certificate",
  }),
  "certificate and key that are swapped": ({ certificates: { folder } }) => ({
    args: [
      ...["--cert", `${folder}/alice.key`],
      ...["--key", `${folder}/alice.pem`],
    ],
    line: `--cert ${folder}/alice.key holds no certificate but a private key`,
  }),
  "a file that is not there": ({ certificates: { folder } }) => ({
    args: ["--cafile", `${folder}/nothing`],
    line: `cannot read ${folder}/nothing: there is no such file`,
  }),
  "a folder for a file": ({ certificates: { folder } }) => ({
    args: ["--cafile", folder],
    line: `cannot read ${folder}: it is a folder`,
  }),
  "a file that is no PEM": () => ({
    args: ["--cafile", "deno.json"],
    line: "--cafile deno.json holds no certificate in PEM form",
  }),
};

for (
  const [code, faults] of [[8, TLS_FAULTS], [1, OTHER_FAULTS]] as const
) {
  for (const [name, fault] of Object.entries(faults)) {
    secureMosquittoTest(
      `Exit code ${code}: ${name}`,
      async (peers) => {
        const { args, line } = fault(peers);
        assertEquals(await midge([...PUBLISH, ...args]), {
          code,
          signal: null,
          stdout: "",
          stderr: `midge: ${line}\n`,
        });
      },
    );
  }
}

/** Servers whose certificates are not what they should be. */
const CERTIFICATES = {
  selfSigned:
    "the server's certificate is self-signed; to trust it, give it as --cafile",
  expired: "the server's certificate expired on 2020-12-31",
  otherName:
    "the server's certificate is for other.test, not for localhost. Check the host name, " +
    "or say with --servername which to expect",
} as const;

for (const name of ["selfSigned", "expired", "otherName"] as const) {
  secureMosquittoTest(
    `Exit code 8: a server whose certificate is ${name}, for each command`,
    async ({ certificates }) => {
      await using peer = tlsPeer(certificates[name]);
      const to = [
        ...["-p", `${peer.port}`],
        ...["--cafile", `${certificates.folder}/ca.pem`],
      ];
      for (const command of [PUBLISH, ["subscribe", "-t", "a"], ["test"]]) {
        const { code, stderr } = await midge([...command, ...to]);
        assertEquals(
          stderr,
          `midge: ${cannot(peer.port, CERTIFICATES[name])}\n`,
        );
        assertEquals(code, 8);
      }
    },
  );
}

secureMosquittoTest(
  "An encrypted key is told with the command that decrypts it",
  async ({ certificates: { folder } }) => {
    const key = `${folder}/encrypted.key`;
    const { success } = await new Deno.Command("openssl", {
      args: [
        ...["pkey", "-in", `${folder}/alice.key`, "-aes256"],
        ...["-passout", "pass:secret", "-out", key],
      ],
    }).output();
    assertEquals(success, true);
    const { code, stderr } = await midge([
      ...[...PUBLISH, "--cert", `${folder}/alice.pem`, "--key", key],
    ]);
    assertEquals(
      stderr,
      `midge: --key ${key} is encrypted, and no password is asked for. Try: openssl pkey -in ${key} -out NEWFILE\n`,
    );
    assertEquals(code, 1);
  },
);

const CONTRADICTIONS: readonly (readonly [readonly string[], string])[] = [
  [["--tls", "--no-tls"], "--tls and --no-tls contradict each other"],
  [
    ["--no-tls", "--cafile", "f"],
    "--no-tls and --cafile contradict each other",
  ],
  [
    ["mqtt://a", "--tls"],
    "--tls asks for TLS, and the URL begins with mqtt://. Try mqtts://",
  ],
  [
    ["mqtts://a", "--no-tls"],
    "--no-tls asks for no TLS, and the URL begins with mqtts://. Try mqtt://",
  ],
  [
    ["mqtt://a", "--ws-path", "/b"],
    "--ws-path asks for a WebSocket, and the URL begins with mqtt://. Try ws://",
  ],
  [["--unix", "/a", "-H", "b"], "--unix and -H contradict each other"],
  [["--unix", "/a", "-L", "b://c"], "--unix and -L contradict each other"],
  [["--unix", "/a", "--tls"], "--unix and --tls contradict each other"],
  [
    ["--ws-header", "Host: b"],
    "the WebSocket header Host cannot be chosen",
  ],
  [["--ws-header", "secret"], "option --ws-header needs 'NAME: VALUE'"],
  [["--insecure=all"], 'option --insecure needs name or everything, not "all"'],
  [["--cafil", "f"], "unknown option --cafil. Did you mean --cafile?"],
  [["--wspath", "f"], "unknown option --wspath. Did you mean --ws-path?"],
];

for (const command of [PUBLISH, ["subscribe", "-t", "a"], ["test"]]) {
  Deno.test(`${command[0]} refuses wires that cannot be, in one line and with 1`, async () => {
    for (const [args, line] of CONTRADICTIONS) {
      assertEquals(await midge([...command, ...args]), {
        code: 1,
        signal: null,
        stdout: "",
        stderr: `midge: ${line}\n`,
      });
    }
  });
}
