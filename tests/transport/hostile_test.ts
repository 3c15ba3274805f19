// connect() to ports that are no server of MQTT, by each scheme: what is said, how far connecting came, and
// that nothing is left of it. No time passes, unless nothing but time can end the attempt.

import { assertEquals, assertMatch, assertRejects } from "@std/assert";
import { connect, ConnectError, type ConnectOptions } from "../../mod.ts";
import type { TlsOptions } from "../../src/transport/tls_options.ts";
import { settled, VirtualClock } from "../client/clock.ts";
import {
  type Certificates,
  certificateTests,
  type Identity,
} from "../support/certificates.ts";
import {
  demandingPeer,
  fullPort,
  hostilePeer,
  type Script,
  upgraded,
} from "./hostile_peers.ts";
import { bytes, closeFrame, frame, latin1 } from "./websocket_frames.ts";

const SCHEMES = ["mqtt", "mqtts", "ws", "wss"] as const;

type Scheme = typeof SCHEMES[number];

const certificateTest = await certificateTests();

/** What is said of a peer behind "Cannot connect to ...: ", and the stage. */
type Said = readonly [ConnectError["stage"], string | RegExp];

/** A row of the table. */
interface Row {
  /** What the port does. */
  readonly port: string;
  readonly script: Script;
  readonly said: Readonly<Partial<Record<Scheme, Said>>>;
  /** Whether it does so in plain where TLS is asked for, and behind TLS where it is not. */
  readonly crossed?: boolean;
}

const HTTP = "HTTP/1.1 400 Bad Request\r\nContent-Length: 0\r\n\r\n";
const NO_CONNACK = "the wire is open, but no CONNACK came within 10 s";
const NO_WEBSOCKET = "the wire is open, but the WebSocket was not within 10 s";
const NO_HANDSHAKE =
  "the wire is open, but the TLS handshake was not finished within 10 s";
const NO_TLS = "the port does not speak TLS";
const MAY_BE_NO_TLS =
  "the port closed the connection in the TLS handshake; it may not speak TLS";
const TRIED = "; tried MQTT 5, MQTT 3.1.1, MQTT 3.1";
const CLOSED = "the server closed the connection without CONNACK";
const UNANSWERED =
  "the server closed it without an answer to the WebSocket upgrade";
const NO_HTTP = "the port speaks no HTTP, so no WebSocket";

/** The same whether or not TLS is below. */
function mqtt(said: string | RegExp): Row["said"] {
  return { mqtt: ["connack", said], mqtts: ["connack", said] };
}

/** The same whether or not TLS is below. */
function webSocket(said: string | RegExp): Row["said"] {
  return { ws: ["websocket", said], wss: ["websocket", said] };
}

/** The handshake of TLS goes before both. */
function tls(said: string | RegExp): Row["said"] {
  return { mqtts: ["tls", said], wss: ["tls", said] };
}

const ROWS: readonly Row[] = [
  {
    port: "says nothing",
    async script(peer) {
      await peer.hear();
      peer.stall();
    },
    said: { ...mqtt(NO_CONNACK), ...webSocket(NO_WEBSOCKET) },
  },
  {
    port: "closes at once",
    script: (peer) => peer.end(),
    said: {
      mqtt: [
        "connack",
        `${CLOSED}${TRIED}. A port that wants TLS (mqtts:) does so too`,
      ],
      mqtts: ["connack", `${CLOSED}${TRIED}`],
      ...webSocket(UNANSWERED),
    },
  },
  {
    port: "resets the wire",
    script: (peer) => peer.reset(),
    said: {
      mqtt: [
        "connack",
        `${CLOSED}${TRIED}. A port that wants TLS (mqtts:) does so too`,
      ],
      ws: ["websocket", UNANSWERED],
    },
  },
  {
    port: "speaks SSH, and closes after 10 bytes",
    async script(peer) {
      await peer.say("SSH-2.0-Op");
      await peer.end();
    },
    said: {
      ...mqtt(/^the port may not speak MQTT: Cannot decode /),
      ...webSocket(NO_HTTP),
    },
  },
  {
    port: "speaks HTTP, and stays",
    async script(peer) {
      await peer.hear();
      await peer.say(HTTP);
    },
    said: {
      ...mqtt("the port speaks HTTP, not MQTT"),
      ...webSocket(
        "the server answered the WebSocket upgrade with HTTP 400 Bad Request",
      ),
    },
  },
  {
    port: "speaks MQTT, and stops in the middle of CONNACK",
    async script(peer) {
      await peer.say(Uint8Array.of(0x20, 3, 0));
      await peer.end();
    },
    said: { ...mqtt(CLOSED), ...webSocket(NO_HTTP) },
  },
  {
    port: "makes a noise without end",
    async script(peer) {
      for (;;) await peer.say(new Uint8Array(65_536).fill(0xff));
    },
    said: {
      ...mqtt(/^the port may not speak MQTT: Cannot decode /),
      ...webSocket(NO_HTTP),
    },
  },
  {
    port: "speaks TLS",
    crossed: true,
    script: (peer) => peer.hear(),
    said: {
      mqtt: ["connack", "the port speaks TLS, not MQTT"],
      ws: ["websocket", "the port speaks TLS, not HTTP, so no WebSocket"],
    },
  },
  {
    port: "says nothing, without TLS",
    crossed: true,
    async script(peer) {
      await peer.hear();
      peer.stall();
    },
    said: tls(NO_HANDSHAKE),
  },
  {
    port: "closes at once, without TLS",
    crossed: true,
    script: (peer) => peer.end(),
    said: tls(MAY_BE_NO_TLS),
  },
  {
    port: "resets the wire, without TLS",
    crossed: true,
    script: (peer) => peer.reset(),
    said: tls(MAY_BE_NO_TLS),
  },
  {
    port: "speaks SSH, and closes after 10 bytes, without TLS",
    crossed: true,
    async script(peer) {
      await peer.say("SSH-2.0-Op");
      await peer.end();
    },
    said: tls(NO_TLS),
  },
  {
    port: "speaks HTTP, without TLS",
    crossed: true,
    async script(peer) {
      await peer.hear();
      await peer.say(HTTP);
    },
    said: tls(NO_TLS),
  },
  {
    port: "speaks MQTT, without TLS",
    crossed: true,
    async script(peer) {
      await peer.hear();
      await peer.say(Uint8Array.of(0x20, 2, 0, 2));
    },
    said: tls(NO_TLS),
  },
  {
    port: "refuses each version of TLS",
    crossed: true,
    async script(peer) {
      await peer.hear();
      await peer.say(Uint8Array.of(0x15, 3, 1, 0, 2, 2, 70));
    },
    said: tls("the server speaks no version of TLS that we do (1.2, 1.3)"),
  },
];

/** What the server says in place of an answer that opens a WebSocket. */
const ANSWERS:
  readonly (readonly [string, (accept: string) => string, string])[] = [
    [
      "404",
      () => "HTTP/1.1 404 Not Found\r\n\r\n",
      "the server answered the WebSocket upgrade with HTTP 404 Not Found",
    ],
    [
      "301",
      () => "HTTP/1.1 301 Moved Permanently\r\nLocation: wss://b.test/\r\n\r\n",
      "the server answered the WebSocket upgrade with HTTP 301 Moved Permanently (Location: wss://b.test/)",
    ],
    [
      "the key of another",
      () => upgraded("s3pPLMBiTxaQ9kYGzzhZRbK+xOo="),
      "the server's answer to the WebSocket upgrade does not prove that it has read our key (Sec-WebSocket-Accept)",
    ],
    [
      "no subprotocol",
      (accept) => upgraded(accept, { "Sec-WebSocket-Protocol": undefined }),
      "the server does not take the WebSocket subprotocol mqtt: it names none",
    ],
    [
      "another subprotocol",
      (accept) => upgraded(accept, { "Sec-WebSocket-Protocol": "soap" }),
      'the server does not take the WebSocket subprotocol mqtt: it names "soap"',
    ],
    [
      "compression",
      (accept) =>
        upgraded(accept, { "Sec-WebSocket-Extensions": "permessage-deflate" }),
      "the server's answer to the WebSocket upgrade has extensions that we did not ask for",
    ],
    [
      "a head without end",
      () => `HTTP/1.1 101 x\r\n${"X: y\r\n".repeat(3_000)}`,
      "the server's answer to the WebSocket upgrade has a head of more than 16384 bytes",
    ],
  ];

/** What the server sends once the WebSocket is open; what is said of it, and with which clause. */
const FRAMES: readonly (readonly [string, Uint8Array, string])[] = [
  [
    "a masked frame",
    bytes("82 84 01 02 03 04  21 00 03 04"),
    "a WebSocket frame of the server is masked [RFC 6455, 5.1]",
  ],
  [
    "text",
    frame(1, latin1("hello")),
    "a WebSocket frame has text, not binary data [MQTT-6.0.0-1]",
  ],
  [
    "a reserved bit",
    bytes("c2 00"),
    "a WebSocket frame has a reserved bit [RFC 6455, 5.2]",
  ],
  [
    "an unknown opcode",
    bytes("83 00"),
    "a WebSocket frame has the opcode 3 [RFC 6455, 5.2]",
  ],
  [
    "a continuation of nothing",
    bytes("80 00"),
    "a WebSocket frame continues no message [RFC 6455, 5.4]",
  ],
  [
    "a ping that is too large",
    bytes("89 7e 00 7e"),
    "a WebSocket control frame has more than 125 bytes [RFC 6455, 5.5]",
  ],
  [
    "a length beyond 2^63",
    bytes("82 7f ff*8"),
    "the length of a WebSocket frame has its highest bit set [RFC 6455, 5.2]",
  ],
  [
    "a close with a reason",
    closeFrame(1008, "not you"),
    'the server closed the WebSocket: 1008 policy violation "not you"',
  ],
  [
    "a frame of noise",
    frame(2, new Uint8Array(100)),
    "the port may not speak MQTT: Cannot decode a packet of type 0: its type is reserved [2.1.2]",
  ],
];

const WEBSOCKET_ROWS: readonly Row[] = [
  ...ANSWERS.map(([name, answer, said]): Row => ({
    port: `answers with ${name}`,
    async script(peer) {
      await peer.say(answer(await peer.accept()));
    },
    said: webSocket(said),
  })),
  ...FRAMES.map(([name, data, said]): Row => ({
    port: `opens the WebSocket and sends ${name}`,
    async script(peer) {
      await peer.say(upgraded(await peer.accept()), data);
    },
    said: { ws: ["connack", said], wss: ["connack", said] },
  })),
  {
    port: "begins an answer",
    async script(peer) {
      await peer.hear();
      await peer.say("HTTP/1.1 101 Switching");
      peer.stall();
    },
    said: webSocket(NO_WEBSOCKET),
  },
  {
    port: "closes in its answer",
    async script(peer) {
      await peer.hear();
      await peer.say("HTTP/1.1 101 Switching");
      await peer.end();
    },
    said: webSocket(
      "the server closed it in the middle of its answer to the WebSocket upgrade",
    ),
  },
  {
    port: "opens the WebSocket and says nothing",
    async script(peer) {
      await peer.say(upgraded(await peer.accept()));
      await peer.hear();
      peer.stall();
    },
    said: { ws: ["connack", NO_CONNACK], wss: ["connack", NO_CONNACK] },
  },
  {
    port: "opens the WebSocket and announces 2^62 bytes",
    async script(peer) {
      await peer.say(upgraded(await peer.accept()), bytes("82 7f 40 00*7"));
      await peer.hear();
      peer.stall();
    },
    said: { ws: ["connack", NO_CONNACK], wss: ["connack", NO_CONNACK] },
  },
  {
    port: "opens the WebSocket and closes in a frame",
    async script(peer) {
      await peer.say(upgraded(await peer.accept()), bytes("82 05 20 02"));
      await peer.end();
    },
    said: {
      ws: [
        "connack",
        "the server closed it in the middle of a WebSocket message",
      ],
      wss: [
        "connack",
        "the server closed it in the middle of a WebSocket message",
      ],
    },
  },
];

for (
  const { port, script, said, crossed = false } of [...ROWS, ...WEBSOCKET_ROWS]
) {
  for (const scheme of SCHEMES) {
    const expected = said[scheme];
    if (expected === undefined) continue;
    const hasTls = (scheme === "mqtts" || scheme === "wss") !== crossed;
    certificateTest(
      `connect() by ${scheme}: tells a port that ${port}`,
      async ({ ca, server }) => {
        await using peer = hostilePeer(script, hasTls ? server : undefined);
        const trusting = scheme === "mqtt" || scheme === "ws"
          ? {}
          : { tls: { caCerts: ca } };
        await tells(expected, { scheme, peer, options: trusting });
        // In mid-handshake the platform lets go of the socket only when the peer does.
        if (expected[1] !== NO_HANDSHAKE) await peer.left();
      },
    );
  }
}

for (const scheme of SCHEMES) {
  Deno.test(`connect() by ${scheme}: tells a port that never answers`, async () => {
    await using peer = await fullPort();
    await tells(["wire", "the wire was not open within 10 s"], {
      scheme,
      peer,
    });
  });
}

/** What a certificate is refused for, and what is said. */
const CERTIFICATES: readonly (readonly [
  string,
  (certificates: Certificates) => [Identity, TlsOptions],
  string | RegExp,
])[] = [
  [
    "an issuer that nobody knows",
    ({ server }) => [server, {}],
    "the issuer of the server's certificate is not trusted; give the issuer's certificate as caCerts",
  ],
  [
    "an issuer that is not among ours",
    ({ server, selfSigned }) => [server, { caCerts: selfSigned.cert }],
    "the issuer of the server's certificate is not trusted; caCerts does not hold the issuer's certificate",
  ],
  [
    "itself for its issuer",
    ({ selfSigned }) => [selfSigned, {}],
    "the server's certificate is self-signed; to trust it, give it as caCerts",
  ],
  [
    "an end in the past",
    ({ expired, ca }) => [expired, { caCerts: ca }],
    "the server's certificate expired on 2020-12-31",
  ],
  [
    "a beginning in the future",
    ({ future, ca }) => [future, { caCerts: ca }],
    "the server's certificate is valid from 2100-01-01 on; is the clock of this machine right?",
  ],
  [
    "another name",
    ({ otherName, ca }) => [otherName, { caCerts: ca }],
    "the server's certificate is for other.test, not for 127.0.0.1",
  ],
  [
    "several other names",
    ({ server, ca }) => [server, { caCerts: ca, serverName: "other.test" }],
    /^the server's certificate is for localhost, 127\.0\.0\.1, .*, not for other\.test$/,
  ],
];

/** What we show to a server that wants to see a certificate. */
const CREDENTIALS: readonly (readonly [
  string,
  (certificates: Certificates) => TlsOptions,
  string | RegExp,
])[] = [
  ["none", () => ({}), "the server requires a client certificate"],
  [
    "none, and check nothing",
    () => ({ insecure: "everything" }),
    "the server requires a client certificate",
  ],
];

for (const scheme of ["mqtts", "wss"] as const) {
  for (const [name, make, said] of CERTIFICATES) {
    certificateTest(
      `connect() by ${scheme}: tells a certificate that has ${name}`,
      async (certificates) => {
        const [identity, options] = make(certificates);
        await using peer = hostilePeer((peer) => peer.hear(), identity);
        await tells(["tls", said], { scheme, peer, options: { tls: options } });
        await peer.left();
      },
    );
  }
  for (const [name, make, said] of CREDENTIALS) {
    certificateTest(
      `connect() by ${scheme}: tells a server that wants to see a certificate, where we show ${name}`,
      async (certificates) => {
        const { ca, server } = certificates;
        await using peer = await demandingPeer(server, ca);
        const options = { tls: { caCerts: ca, ...make(certificates) } };
        await tells(["tls", said], { scheme, peer, options });
      },
    );
  }
}

/** Sees that connecting fails, with what is said of it; that no timer is left is seen as well. */
async function tells(
  [stage, said]: Said,
  { scheme, peer, options }: {
    readonly scheme: Scheme;
    readonly peer: { readonly port: number; readonly stuck?: Promise<void> };
    readonly options?: ConnectOptions;
  },
): Promise<void> {
  const clock = new VirtualClock();
  let passing: Promise<void> | undefined;
  const address = `127.0.0.1:${peer.port}`;
  const connecting = connect(`${scheme}://${address}`, { clock, ...options });
  void peer.stuck?.then(() => {
    passing = clock.advance(10_000);
  });
  const error = await assertRejects(() => connecting, ConnectError);
  await passing;
  const start = `Cannot connect to ${address}: `;
  assertEquals(error.message.slice(0, start.length), start);
  const rest = error.message.slice(start.length);
  if (typeof said === "string") assertEquals(rest, said);
  else assertMatch(rest, said);
  assertEquals(error.stage, stage);
  // One that sees to it that a last word leaves in time goes when the word has left.
  while (clock.timers > 0) await settled();
}
