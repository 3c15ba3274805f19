// Every wire against mosquitto: the whole list of behaviours over each, and what a connection says that
// cannot be.

import { assert, assertEquals, assertRejects } from "@std/assert";
import { connect, ConnectError } from "../../mod.ts";
import { whileAwake } from "../support/awake.ts";
import { interopTests } from "../support/interop.ts";
import {
  secureMosquittoTest,
  type SecurePeers,
} from "../support/mosquitto_tests.ts";
import { runScript } from "../support/script.ts";
import { WAYS } from "../support/ways.ts";

for (const [wire, way] of Object.entries(WAYS)) {
  const isWebSocket = wire.startsWith("ws");
  // Who has shown a certificate is known by it: mosquitto looks at no password then.
  const hasCertificate = wire.includes("client certificate");
  interopTests(
    (name, run) =>
      secureMosquittoTest(`${name} over ${wire}`, async (peers) => {
        const running = run(way(peers));
        await (isWebSocket ? whileAwake(peers.broker, running) : running);
      }),
    hasCertificate ? undefined : { username: "alice", password: "wrong" },
  );
}

secureMosquittoTest(
  "connect() with a client certificate is the user that it names",
  async (peers) => {
    const clientId = `identity-${crypto.randomUUID()}`;
    await using _client = await connect(
      `mqtts://localhost:${peers.broker.mtls}`,
      {
        clientId,
        tls: { caCerts: peers.certificates.ca, ...peers.certificates.alice },
      },
    );
    const log = await peers.broker.log();
    const line = log.split("\n").find((line) =>
      line.includes(` as ${clientId}`)
    );
    assert(line?.includes("u'alice'"), line);
  },
);

secureMosquittoTest(
  "connect() trusts the roots that Deno has besides caCerts, by each way to do TLS",
  async ({ broker, certificates: { folder, selfSigned, alice } }) => {
    // To Deno the issuer of the server's certificate is a root; caCerts holds another.
    const flags = ["--allow-net", `--cert=${folder}/ca.pem`];
    const caCerts = selfSigned.cert;
    for (
      const way of [
        {
          url: `mqtts://127.0.0.1:${broker.tls}`,
          options: { tls: { caCerts } },
        },
        {
          url: `mqtts://127.0.0.1:${broker.mtls}`,
          options: { tls: { caCerts, ...alice } },
        },
      ]
    ) assertEquals(await runScript(flags, way), "done\n");
  },
);

/** What cannot be, and what is said. */
const FAULTS: readonly (readonly [
  string,
  (peers: SecurePeers) => Parameters<typeof connect>,
  ConnectError["stage"],
  RegExp,
])[] = [
  [
    "no client certificate where one is required",
    (peers) => [`mqtts://127.0.0.1:${peers.broker.mtls}`, {
      tls: { caCerts: peers.certificates.ca },
    }],
    "tls",
    /the server requires a client certificate$/,
  ],
  [
    "no client certificate, and nothing checked",
    ({ broker }) => [`mqtts://127.0.0.1:${broker.mtls}`, {
      tls: { insecure: "everything" },
    }],
    "tls",
    /the server requires a client certificate$/,
  ],
  [
    "a client certificate that the server does not trust",
    (peers) => [`mqtts://127.0.0.1:${peers.broker.mtls}`, {
      tls: { caCerts: peers.certificates.ca, ...peers.certificates.selfSigned },
    }],
    "tls",
    /does not trust the issuer of our client certificate$/,
  ],
  [
    "a server that nobody vouches for",
    ({ broker }) => [`mqtts://127.0.0.1:${broker.tls}`, {}],
    "tls",
    /issuer of the server's certificate is not trusted/,
  ],
  [
    "a plain port asked for TLS",
    ({ broker }) => [`mqtts://127.0.0.1:${broker.tcp}`, {}],
    "tls",
    /may not speak TLS$/,
  ],
  [
    "a TLS port asked in plain",
    ({ broker }) => [`mqtt://127.0.0.1:${broker.tls}`, {}],
    "connack",
    /closed the connection without CONNACK.* TLS \(mqtts:\)/,
  ],
  [
    "a socket that is not there",
    () => ["unix:/nowhere/mosquitto.sock", {}],
    "wire",
    /^Cannot connect to \/nowhere\/mosquitto\.sock: No such file/,
  ],
];

for (const [name, way, stage, said] of FAULTS) {
  secureMosquittoTest(
    `connect() rejects, saying why, with ${name}`,
    async (peers) => {
      const error = await assertRejects(
        () => connect(...way(peers)),
        ConnectError,
      );
      assert(said.test(error.message), error.message);
      assertEquals(error.stage, stage);
    },
  );
}

secureMosquittoTest(
  'status() warns of insecure "everything", also who listens after connecting',
  async (peers) => {
    const url = `mqtts://127.0.0.1:${peers.broker.tls}`;
    for (const insecure of ["everything", "host-name"] as const) {
      const client = await connect(url, {
        tls: { caCerts: peers.certificates.ca, insecure },
      });
      const status = client.status();
      await client.disconnect();
      const types: string[] = [];
      for await (const event of status) types.push(event.type);
      assertEquals(
        types,
        insecure === "everything" ? ["warning", "closed"] : ["closed"],
      );
    }
  },
);
