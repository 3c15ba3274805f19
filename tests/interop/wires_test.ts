// Every wire against mosquitto: connect, each QoS both ways, a large payload, the will, and what a
// connection says that cannot be.

import { assert, assertEquals, assertRejects } from "@std/assert";
import { equals } from "@std/bytes";
import { connect, ConnectError, type ConnectOptions } from "../../mod.ts";
import {
  type Certificates,
  hasOpenssl,
  makeCertificates,
} from "../support/certificates.ts";
import {
  findMosquitto,
  type SecureMosquitto,
  startSecureMosquitto,
} from "../support/mosquitto.ts";

/** What a test is given. */
interface Peers {
  readonly broker: SecureMosquitto;
  readonly certificates: Certificates;
}

/** Where a wire leads to, and with what. */
type Way = (peers: Peers) => [url: string, options: ConnectOptions];

const REQUIRED = Deno.env.get("REQUIRE_BROKERS") === "1";
const TIMEOUT_MS = 20_000;
const LARGE = 1 << 20;

const executable = await hasOpenssl() ? await findMosquitto() : undefined;
const ignore = executable === undefined && !REQUIRED;

let shared: Peers | undefined;

Deno.test.beforeAll(async () => {
  if (executable === undefined) return;
  const certificates = await makeCertificates();
  const broker = await startSecureMosquitto(executable, certificates);
  shared = { broker, certificates };
});

Deno.test.afterAll(async () => {
  await shared?.broker[Symbol.asyncDispose]();
  await shared?.certificates[Symbol.asyncDispose]();
});

function wireTest(name: string, run: (peers: Peers) => Promise<void>): void {
  Deno.test({
    name: ignore ? `${name} (no mosquitto or openssl is installed)` : name,
    ignore,
    timeout: TIMEOUT_MS,
    async fn() {
      assert(shared, "No mosquitto or openssl, and REQUIRE_BROKERS=1");
      await run(shared);
    },
  });
}

const caCerts = ({ certificates }: Peers) => certificates.ca;

/** WebSocket has tests of its own: this broker sends 40 KiB in a second over it. */
const WIRES: Readonly<Record<string, Way>> = {
  mqtt: ({ broker }) => [`mqtt://127.0.0.1:${broker.tcp}`, {}],
  mqtts: (peers) => [`mqtts://127.0.0.1:${peers.broker.tls}`, {
    tls: { caCerts: caCerts(peers) },
  }],
  "mqtts with a client certificate": (peers) => [
    `ssl://localhost:${peers.broker.mtls}`,
    { tls: { caCerts: caCerts(peers), ...peers.certificates.alice } },
  ],
  "mqtts by node:tls": ({ broker }) => [`mqtts://127.0.0.1:${broker.tls}`, {
    tls: { insecure: "everything" },
  }],
  unix: ({ broker }) => [`unix:${broker.unix}`, {}],
};

for (const [name, way] of Object.entries(WIRES)) {
  for (const protocolVersion of [4, 5] as const) {
    const over = `over ${name} under version ${protocolVersion}`;

    wireTest(
      `connect() publishes and receives at each QoS ${over}`,
      async (peers) => {
        const [url, options] = way(peers);
        await using client = await connect(url, {
          ...options,
          protocolVersion,
        });
        const topic = `wires/${name}/${protocolVersion}`;
        const messages = await client.subscribe(topic, { qos: 2 });
        const large = Uint8Array.from({ length: LARGE }, (_, i) => i * 7 % 251);
        const publish = async () => {
          for (const qos of [0, 1, 2] as const) {
            await client.publish(topic, `hello ${qos}`, { qos });
            await client.publish(topic, large, { qos });
          }
        };
        const publishing = publish();
        const received: string[] = [];
        for await (const message of messages) {
          const { qos, payload } = message;
          const isLarge = payload.length === LARGE && equals(payload, large);
          received.push(`${qos} ${isLarge ? "large" : message.text()}`);
          if (received.length === 6) {
            await message.ack();
            break;
          }
        }
        await publishing;
        assertEquals(received, [
          "0 hello 0",
          "0 large",
          "1 hello 1",
          "1 large",
          "2 hello 2",
          "2 large",
        ]);
      },
    );

    wireTest(`close() leaves the will to the server ${over}`, async (peers) => {
      const [url, options] = way(peers);
      const topic = `will/${crypto.randomUUID()}`;
      await using watcher = await connect(
        `mqtt://127.0.0.1:${peers.broker.tcp}`,
      );
      const wills = await watcher.subscribe(topic, { qos: 2 });
      const client = await connect(url, {
        ...options,
        protocolVersion,
        will: { topic, payload: "gone", qos: 2 },
      });
      client.close();
      for await (const will of wills) {
        assertEquals(will.text(), "gone");
        break;
      }
    });
  }
}

wireTest(
  "connect() with a client certificate is the user that it names",
  async (peers) => {
    const clientId = `identity-${crypto.randomUUID()}`;
    await using _client = await connect(
      `mqtts://localhost:${peers.broker.mtls}`,
      {
        clientId,
        tls: { caCerts: caCerts(peers), ...peers.certificates.alice },
      },
    );
    const log = await peers.broker.log();
    const line = log.split("\n").find((line) =>
      line.includes(` as ${clientId}`)
    );
    assert(line?.includes("u'alice'"), line);
  },
);

/** What cannot be, and what is said. */
const FAULTS: readonly (readonly [
  string,
  Way,
  Pick<ConnectError, "stage">["stage"],
  RegExp,
])[] = [
  [
    "no client certificate where one is required",
    (peers) => [`mqtts://127.0.0.1:${peers.broker.mtls}`, {
      tls: { caCerts: caCerts(peers) },
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
      tls: { caCerts: caCerts(peers), ...peers.certificates.selfSigned },
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
  wireTest(`connect() rejects, saying why, with ${name}`, async (peers) => {
    const [url, options] = way(peers);
    const error = await assertRejects(
      () => connect(url, options),
      ConnectError,
    );
    assert(said.test(error.message), error.message);
    assertEquals(error.stage, stage);
  });
}

wireTest(
  'status() warns of insecure "everything", also who listens after connecting',
  async (peers) => {
    const url = `mqtts://127.0.0.1:${peers.broker.tls}`;
    for (const insecure of ["everything", "host-name"] as const) {
      const client = await connect(url, {
        tls: { caCerts: caCerts(peers), insecure },
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
