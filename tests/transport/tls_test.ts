// TLS over loopback: each way to open it, each thing that can be wrong, and nothing left open. The
// sanitizers watch.

import {
  assert,
  assertEquals,
  assertRejects,
  assertStrictEquals,
  assertStringIncludes,
} from "@std/assert";
import { type TlsFault, WireError } from "../../src/errors.ts";
import { tls } from "../../src/transport/tls.ts";
import type { TlsOptions } from "../../src/transport/tls_options.ts";
import type { Wire } from "../../src/transport/wire.ts";
import { isPending } from "../client/clock.ts";
import {
  type Certificates,
  certificateTests,
  type Identity,
} from "../support/certificates.ts";
import { answerOnce, tlsPeer } from "./tls_peer.ts";

const NEVER = new AbortController().signal;
const encode = (text: string) => new TextEncoder().encode(text);

const certificateTest = await certificateTests();

/** The ways to open TLS, each by options that lead to it. */
const WAYS: readonly (readonly [
  string,
  (certificates: Certificates) => [Identity, TlsOptions],
])[] = [
  ["an issuer to trust", ({ ca, server }) => [server, { caCerts: ca }]],
  ["several issuers in one text", ({ ca, server, selfSigned }) => [
    server,
    { caCerts: selfSigned.cert + ca },
  ]],
  ["a client certificate", ({ ca, server, alice }) => [
    server,
    { caCerts: [ca], ...alice },
  ]],
  ["a client certificate and another name", ({ ca, otherName, alice }) => [
    otherName,
    { caCerts: ca, ...alice, serverName: "other.test" },
  ]],
  ["another name", ({ ca, otherName }) => [
    otherName,
    { caCerts: ca, serverName: "other.test" },
  ]],
  ["a self-signed certificate", ({ selfSigned }) => [
    selfSigned,
    { caCerts: selfSigned.cert },
  ]],
  ["a self-signed certificate, with one of our own", (certificates) => [
    certificates.selfSigned,
    { caCerts: certificates.selfSigned.cert, ...certificates.alice },
  ]],
  ["a name in the Common Name alone", ({ commonName }) => [
    commonName,
    { caCerts: commonName.cert, serverName: "localhost" },
  ]],
  ["a wrong name that is not checked", ({ ca, otherName }) => [
    otherName,
    { caCerts: ca, insecure: "host-name" },
  ]],
  ["a self-signed certificate of another name, not checked", (all) => [
    all.commonName,
    { caCerts: all.commonName.cert, insecure: "host-name" },
  ]],
  ["nothing checked", ({ expired }) => [expired, { insecure: "everything" }]],
];

for (const [name, make] of WAYS) {
  certificateTest(
    `tls carries bytes both ways and ends, with ${name}`,
    async (certificates) => {
      const [identity, options] = make(certificates);
      await using peer = tlsPeer(identity);
      const wire = await open(peer.port, options);
      using server = await peer.accept();
      const into = new Uint8Array(10);
      assertEquals(await wire.write(Uint8Array.of(1, 2)), 2);
      assertEquals(await server.read(into), 2);
      await server.write(Uint8Array.of(3, 4, 5));
      // What is not asked for is kept.
      assertEquals(await wire.read(into.subarray(0, 2)), 2);
      assertEquals(await wire.read(into.subarray(2)), 1);
      assertEquals(into.subarray(0, 3), Uint8Array.of(3, 4, 5));
      await wire.closeWrite?.();
      assertEquals(await server.read(into), null);
      await server.closeWrite();
      assertEquals(await wire.read(into), null);
      wire.close();
    },
  );
}

for (const insecure of [undefined, "everything"] as const) {
  const way = insecure === undefined ? "the platform" : "node:tls";
  const options = ({ ca }: Certificates): TlsOptions => ({
    caCerts: ca,
    ...(insecure === undefined ? {} : { insecure }),
  });

  certificateTest(
    `tls by ${way} reads no more than is asked for`,
    async (certificates) => {
      await using peer = tlsPeer(certificates.server);
      const wire = await open(peer.port, options(certificates));
      using server = await peer.accept();
      const size = 32 << 20;
      let sent = 0;
      let hasMoved = false;
      const sending = (async () => {
        const bytes = new Uint8Array(1 << 20).fill(7);
        while (sent < size) {
          sent += await server.write(bytes.subarray(0, size - sent));
          hasMoved = true;
        }
        await server.closeWrite();
      })();
      // Once nothing moves for some turns, the sockets are full.
      for (let still = 0; still < 20; still = hasMoved ? 0 : still + 1) {
        hasMoved = false;
        await new Promise((resolve) => setTimeout(resolve, 5));
      }
      assert(sent < size / 2, `${sent} bytes left while nobody read`);
      const into = new Uint8Array(65_536);
      let read = 0;
      for (;;) {
        const count = await wire.read(into);
        if (count === null) break;
        assertEquals(into[0], 7);
        assertEquals(into[count - 1], 7);
        read += count;
      }
      await sending;
      assertEquals(read, size);
      wire.close();
    },
  );

  certificateTest(
    `tls by ${way} writes what is larger than the sockets hold`,
    async (certificates) => {
      await using peer = tlsPeer(certificates.server);
      const wire = await open(peer.port, options(certificates));
      using server = await peer.accept();
      const bytes = Uint8Array.from({ length: 1 << 23 }, (_, i) => i % 251);
      const writing = (async () => {
        let written = 0;
        while (written < bytes.length) {
          written += await wire.write(bytes.subarray(written));
        }
        await wire.closeWrite?.();
      })();
      const into = new Uint8Array(65_536);
      let read = 0;
      for (let n = await server.read(into); n !== null;) {
        assertEquals(into[0], read % 251);
        read += n;
        n = await server.read(into);
      }
      await writing;
      assertEquals(read, bytes.length);
      wire.close();
    },
  );

  certificateTest(
    `tls by ${way}: close ends a read that waits`,
    async (certificates) => {
      await using peer = tlsPeer(certificates.server);
      const wire = await open(peer.port, options(certificates));
      using _server = await peer.accept();
      const reading = wire.read(new Uint8Array(1));
      assert(await isPending(reading));
      wire.close();
      await assertRejects(() => reading);
    },
  );

  certificateTest(
    `tls by ${way}: a peer that leaves without a word has ended`,
    async (certificates) => {
      await using peer = tlsPeer(certificates.server);
      const wire = await open(peer.port, options(certificates));
      const server = await peer.accept();
      server.close();
      assertEquals(await wire.read(new Uint8Array(1)), null);
      wire.close();
    },
  );

  certificateTest(
    `tls by ${way} gives up in the handshake when the signal fires`,
    async (certificates) => {
      using listener = listen();
      const controller = new AbortController();
      const opening = open(port(listener), options(certificates), controller);
      using peer = await listener.accept();
      await peer.read(new Uint8Array(1_024));
      const reason = new Error("no");
      controller.abort(reason);
      const error = await assertRejects(() => opening, WireError);
      assertEquals(error.stage, "tls");
      assertStrictEquals(error.cause, reason);
    },
  );

  certificateTest(
    `tls by ${way} rejects where nobody listens`,
    async (certificates) => {
      const listener = listen();
      listener.close();
      await assertRejects(
        () => open(port(listener), options(certificates)),
        Deno.errors.ConnectionRefused,
      );
    },
  );

  for (
    const [name, bytes, said] of [
      [
        "answers HTTP",
        encode("HTTP/1.1 400 Bad Request\r\n\r\n"),
        "the port does not speak TLS",
      ],
      ["answers MQTT", Uint8Array.of(0x20, 2, 0, 0), "does not speak TLS"],
      ["closes", new Uint8Array(0), "may not speak TLS"],
      ["closes after 10 bytes", encode("SSH-2.0-Op"), "not speak TLS"],
    ] as const
  ) {
    certificateTest(
      `tls by ${way} tells a port that ${name}`,
      async (certificates) => {
        using listener = listen();
        const answering = answerOnce(listener, bytes);
        const error = await assertRejects(
          () => open(port(listener), options(certificates)),
          WireError,
          said,
        );
        assertEquals([error.stage, error.fault], ["tls", "no-tls"]);
        await answering;
      },
    );
  }
}

/** What a certificate is refused for, and what is said. */
const REFUSED: readonly (readonly [
  string,
  (certificates: Certificates) => [Identity, TlsOptions],
  RegExp,
  TlsFault,
])[] = [
  [
    "an issuer that nobody named",
    ({ server }) => [server, {}],
    /issuer .* not trusted; give .* as caCerts/,
    "untrusted",
  ],
  [
    "an issuer that caCerts does not hold",
    ({ server, selfSigned }) => [server, { caCerts: selfSigned.cert }],
    /issuer .* not trusted; caCerts does not hold/,
    "untrusted",
  ],
  [
    "being self-signed",
    ({ selfSigned }) => [selfSigned, {}],
    /self-signed; to trust it, give it as caCerts/,
    "untrusted",
  ],
  [
    "being self-signed, with another issuer named",
    ({ selfSigned, ca }) => [selfSigned, { caCerts: ca }],
    /self-signed; to trust it, give it as caCerts/,
    "untrusted",
  ],
  [
    "its age, with the date",
    ({ expired, ca }) => [expired, { caCerts: ca }],
    /expired on 2020-12-31/,
    "out-of-date",
  ],
  [
    "its age, without a look at the name",
    ({ expired, ca }) => [expired, { caCerts: ca, insecure: "host-name" }],
    /expired on 2020-12-31/,
    "out-of-date",
  ],
  [
    "its youth, with the date",
    ({ future, ca }) => [future, { caCerts: ca }],
    /valid from 2100-01-01 on; is the clock of this machine right/,
    "out-of-date",
  ],
  [
    "its age, with the date, where we show one of ours",
    ({ expired, ca, alice }) => [expired, { caCerts: ca, ...alice }],
    /expired on 2020-12-31/,
    "out-of-date",
  ],
  [
    "an issuer that caCerts does not hold, where we show one of ours",
    ({ server, selfSigned, alice }) => [
      server,
      { caCerts: selfSigned.cert, ...alice },
    ],
    /issuer .* not trusted; caCerts does not hold/,
    "untrusted",
  ],
  [
    "its name, with the names it holds",
    ({ otherName, ca }) => [otherName, { caCerts: ca }],
    /is for other\.test, not for 127\.0\.0\.1/,
    "wrong-name",
  ],
  [
    "its names, of which there are several",
    ({ server, ca }) => [server, { caCerts: ca, serverName: "other.test" }],
    /is for localhost, 127\.0\.0\.1, .*1, not for other\.test/,
    "wrong-name",
  ],
  [
    "its name, self-signed",
    ({ selfSigned: own }) => [
      own,
      { caCerts: own.cert, serverName: "other.test" },
    ],
    /is for localhost, 127\.0\.0\.1, not for other\.test/,
    "wrong-name",
  ],
  [
    "its Common Name",
    ({ commonName: own }) => [own, { caCerts: own.cert }],
    /is for localhost, not for 127\.0\.0\.1/,
    "wrong-name",
  ],
];

for (const [name, make, said, fault] of REFUSED) {
  certificateTest(
    `tls refuses a certificate for ${name}`,
    async (certificates) => {
      const [identity, options] = make(certificates);
      await using peer = tlsPeer(identity);
      const error = await assertRejects(
        () => open(peer.port, options),
        WireError,
      );
      assertEquals([error.stage, error.fault], ["tls", fault]);
      assert(said.test(error.message), error.message);
    },
  );
}

certificateTest(
  "tls offers the protocols of alpnProtocols, and tells where none is spoken",
  async ({ ca, server }) => {
    await using peer = tlsPeer(server, { alpnProtocols: ["mqtt"] });
    const wire = await open(peer.port, {
      caCerts: ca,
      alpnProtocols: ["x", "mqtt"],
    });
    using connection = await peer.accept();
    assertEquals((await connection.handshake()).alpnProtocol, "mqtt");
    wire.close();
    for (const insecure of ["host-name", "everything"] as const) {
      await assertRejects(
        () => open(peer.port, { caCerts: ca, alpnProtocols: ["x"], insecure }),
        WireError,
        "none of the alpnProtocols",
      );
    }
  },
);

certificateTest(
  "tls asks functions for certificates and key, at each connection",
  async ({ ca, server, alice }) => {
    await using peer = tlsPeer(server);
    const asked: string[] = [];
    const transport = tls({
      hostname: "127.0.0.1",
      port: peer.port,
      tls: {
        caCerts: () => {
          asked.push("caCerts");
          return [ca];
        },
        cert: () => {
          asked.push("cert");
          return Promise.resolve(alice.cert);
        },
        key: () => {
          asked.push("key");
          return Promise.resolve(alice.key);
        },
      },
    });
    for (let i = 0; i < 2; i++) {
      const wire = await transport.open(NEVER);
      using _connection = await peer.accept();
      wire.close();
    }
    assertEquals(asked, ["caCerts", "cert", "key", "caCerts", "cert", "key"]);
  },
);

certificateTest(
  "tls rejects with what a function throws, and tells what is no PEM",
  async ({ alice, server }) => {
    const reason = new Error("the vault is locked");
    assertStrictEquals(
      await assertRejects(() => open(1, { key: () => Promise.reject(reason) })),
      reason,
    );
    await assertRejects(
      () => open(1, { caCerts: () => "/etc/ca.pem" }),
      WireError,
      "caCerts holds no certificate",
    );
    await using peer = tlsPeer(server);
    await assertRejects(
      () => open(peer.port, { cert: alice.cert, key: server.key }),
      WireError,
      "key is not the key of cert",
    );
  },
);

certificateTest(
  "tls tells a certificate and a key that cannot be read, and drops the connection",
  async ({ ca, alice, server }) => {
    await using peer = tlsPeer(server);
    const [cert, key] = [damaged(alice.cert), damaged(alice.key)];
    const said = "a certificate is damaged";
    const wrong: readonly (readonly [TlsOptions, string])[] = [
      [{ caCerts: damaged(ca) }, said],
      [{ caCerts: ca.slice(0, -20) }, said],
      [{ caCerts: ca, cert, key: alice.key }, said],
      [{ caCerts: ca, cert: ca.slice(0, -20), key: alice.key }, said],
      [{ caCerts: ca, cert: alice.cert, key }, "key cannot be read"],
    ];
    for (const [options, words] of wrong) {
      await assertRejects(() => open(peer.port, options), WireError, words);
    }
  },
);

/** The text of a PEM with its second line turned round. */
function damaged(pem: string): string {
  return pem.split("\n")
    .map((line, at) => at === 2 ? [...line].reverse().join("") : line)
    .join("\n");
}

certificateTest(
  "tls gives up while a function is asked when the signal fires",
  async () => {
    const controller = new AbortController();
    const opening = open(
      1,
      { caCerts: () => new Promise(() => {}) },
      controller,
    );
    assert(await isPending(opening));
    controller.abort(new Error("no"));
    await assertRejects(() => opening, Error, "no");
  },
);

certificateTest(
  "tls with a client certificate gives up when the signal fires, before and in the handshake",
  async ({ ca, alice }) => {
    using listener = listen();
    const options = { caCerts: ca, ...alice };
    const early = new AbortController();
    const opening = open(port(listener), options, early);
    early.abort(new Error("no"));
    await assertRejects(() => opening, Error, "no");

    const late = new AbortController();
    const handshake = open(port(listener), options, late);
    using peer = await listener.accept();
    await peer.read(new Uint8Array(1_024));
    late.abort(new Error("no"));
    await assertRejects(() => handshake, WireError, "handshake");
  },
);

certificateTest(
  "tls loses one socket to a server that answers no handshake, not one each time",
  async ({ ca }) => {
    using listener = listen();
    const givesUp = async (): Promise<Deno.TcpConn> => {
      const controller = new AbortController();
      const opening = open(port(listener), { caCerts: ca }, controller);
      const peer = await listener.accept();
      await peer.read(new Uint8Array(2_048));
      controller.abort();
      await assertRejects(() => opening, WireError, "handshake");
      return peer;
    };
    const into = new Uint8Array(1);
    const first = await givesUp();
    const kept = first.read(into);
    for (let times = 0; times < 2; times++) {
      const next = await givesUp();
      assertEquals(await next.read(into), null);
      next.close();
    }
    // A runtime that lets go of the first as well needs none of this.
    assert(await isPending(kept));
    first.close();
    await assertRejects(() => kept);
  },
);

certificateTest(
  "tls leaves nothing open where the server name cannot be one",
  async ({ ca, server, alice }) => {
    await using peer = tlsPeer(server);
    for (const more of [{}, alice]) {
      const error = await assertRejects(
        () => open(peer.port, { caCerts: ca, serverName: "a..b", ...more }),
        WireError,
      );
      assertStringIncludes(error.message, "a..b");
    }
  },
);

function open(
  port: number,
  options: TlsOptions,
  controller?: AbortController,
): Promise<Wire> {
  return tls({ hostname: "127.0.0.1", port, tls: options })
    .open(controller?.signal ?? NEVER);
}

function listen(): Deno.TcpListener {
  return Deno.listen({ hostname: "127.0.0.1", port: 0 });
}

function port(listener: Deno.TcpListener): number {
  return listener.addr.port;
}
