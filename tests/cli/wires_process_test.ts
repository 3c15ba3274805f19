// The command line over every wire, against a real mosquitto with certificates of the tests' own.

import { assert, assertEquals, assertMatch } from "@std/assert";
import {
  secureMosquittoTest,
  type SecurePeers,
} from "../support/mosquitto_tests.ts";
import { flagsFor, README } from "../support/readme_flags.ts";
import { answerOnce, tlsPeer } from "../transport/tls_peer.ts";
import { listenRaw } from "./peer.ts";
import { midge, subscribed } from "./process.ts";

const CONNACK = Uint8Array.of(0x20, 0x03, 0x00, 0x00, 0x00);

/** An alert of TLS, as the record of a server that ends the handshake (RFC 7301, 3.2). */
const NO_APPLICATION_PROTOCOL = Uint8Array.of(0x15, 3, 3, 0, 2, 2, 120);

/** The options that lead to the broker, and what is said on stderr of a connection that is made. */
interface Wire {
  readonly args: readonly string[];
  readonly note?: string;
}

const WIRES: Readonly<Record<string, (peers: SecurePeers) => Wire>> = {
  "--cafile": ({ broker, certificates: { folder } }) => ({
    args: ["-p", `${broker.tls}`, "--cafile", `${folder}/ca.pem`],
  }),
  "-L mqtts://": ({ broker, certificates: { folder } }) => ({
    args: [
      ...["-L", `mqtts://127.0.0.1:${broker.tls}`],
      ...["--cafile", `${folder}/ca.pem`],
    ],
  }),
  "--servername": ({ broker, certificates: { folder } }) => ({
    args: [
      ...["-H", "127.0.0.1", "-p", `${broker.tls}`, "--tls"],
      ...["--cafile", `${folder}/ca.pem`, "--servername", "localhost"],
    ],
  }),
  "--insecure": ({ broker, certificates: { folder } }) => ({
    args: [
      ...["-p", `${broker.tls}`, "--cafile", `${folder}/ca.pem`],
      ...["--servername", "other.test", "--insecure"],
    ],
  }),
  "--insecure=everything": ({ broker }) => ({
    args: ["-p", `${broker.tls}`, "--insecure=everything"],
    note:
      `midge: localhost:${broker.tls} may be anybody: --insecure=everything checks nothing\n`,
  }),
  "--cert and --key": ({ broker, certificates: { folder } }) => ({
    args: [
      ...["-p", `${broker.mtls}`, "--cafile", `${folder}/ca.pem`],
      ...["--cert", `${folder}/alice.pem`, "--key", `${folder}/alice.key`],
    ],
  }),
  "--unix": ({ broker }) => ({ args: ["--unix", broker.unix] }),
  "-L unix:": ({ broker }) => ({ args: ["-L", `unix:${broker.unix}`] }),
  "-L ws://": ({ broker }) => ({ args: ["-L", `ws://localhost:${broker.ws}`] }),
  "--ws-path": ({ broker }) => ({
    args: ["-p", `${broker.ws}`, "--ws-path", "/mqtt"],
  }),
  "--ws-header": ({ broker }) => ({
    args: ["-p", `${broker.ws}`, "--ws-header", "Authorization: Bearer a"],
  }),
  "-L wss://": ({ broker, certificates: { folder } }) => ({
    args: [
      ...["-L", `wss://localhost:${broker.wss}/mqtt`],
      ...["--cafile", `${folder}/ca.pem`],
    ],
  }),
  "--ws-path and --cafile": ({ broker, certificates: { folder } }) => ({
    args: [
      ...["-p", `${broker.wss}`, "--ws-path", "/mqtt"],
      ...["--cafile", `${folder}/ca.pem`],
    ],
  }),
};

for (const [name, wire] of Object.entries(WIRES)) {
  secureMosquittoTest(
    `publish, subscribe and test go the way of ${name}`,
    async (peers) => {
      const { args, note = "" } = wire(peers);
      const topic = `cli/wires/${name.replaceAll(/\W+/g, "-")}`;
      await using subscriber = await subscribed([
        ...[...args, "-t", topic, "-q", "2", "-C", "1"],
      ]);
      const published = await midge([
        ...["publish", ...args, "-t", topic, "-m", "hello", "-q", "2"],
      ]);
      assertEquals(published, {
        code: 0,
        signal: null,
        stdout: "",
        stderr: note,
      });
      const { code, stdout } = await subscriber.ended();
      assertEquals({ code, stdout }, { code: 0, stdout: "hello\n" });
      const tested = await midge(["test", ...args, "--count", "1"]);
      assertEquals(tested.code, 0);
      assertEquals(
        tested.stderr,
        `${note}midge: publishing to test/1; ends when quit is published to test/2\n`,
      );
      const quiet = ["publish", ...args, "-t", topic, "-n", "--quiet"];
      assertEquals((await midge(quiet)).stderr, "");
    },
  );
}

secureMosquittoTest(
  "--cert is the user that the certificate names",
  async (peers) => {
    const { args } = WIRES["--cert and --key"]?.(peers) ?? { args: [] };
    const clientId = `cli-identity-${Deno.pid}`;
    const publish = ["publish", ...args, "-t", "a", "-n", "-i", clientId];
    assertEquals((await midge(publish)).code, 0);
    const line = (await peers.broker.log()).split("\n")
      .find((line) => line.includes(` as ${clientId}`));
    assert(line?.includes("u'alice'"), line);
  },
);

secureMosquittoTest(
  "--tls trusts Deno's roots, and DENO_CERT with them",
  async ({ broker, certificates: { folder } }) => {
    const publish = ["publish", "-p", `${broker.tls}`, "-t", "a", "-n"];
    const env = { DENO_CERT: `${folder}/ca.pem` };
    const trusted = await midge([...publish, "--tls"], { env });
    assertEquals(trusted.stderr, "");
    assertEquals(trusted.code, 0);
    const { code, stderr } = await midge([...publish, "--tls"]);
    assertEquals(
      stderr,
      `midge: cannot connect to localhost:${broker.tls}: the issuer of the server's certificate is not trusted; ` +
        "give the issuer's certificate as --cafile\n",
    );
    assertEquals(code, 8);
  },
);

secureMosquittoTest(
  "MIDGE_ variables choose a wire, and give way to a URL",
  async ({ broker, certificates: { folder } }) => {
    const publish = ["publish", "-t", "a", "-n"];
    const env = {
      MIDGE_PORT: `${broker.mtls}`,
      MIDGE_CAFILE: `${folder}/ca.pem`,
      MIDGE_CERT: `${folder}/alice.pem`,
      MIDGE_KEY: `${folder}/alice.key`,
    };
    const byVariables = await midge(publish, { env });
    assertEquals([byVariables.code, byVariables.stderr], [0, ""]);
    for (
      const url of [
        `mqtt://localhost:${broker.tcp}`,
        `ws://localhost:${broker.ws}`,
        `unix:${broker.unix}`,
      ]
    ) {
      const { code, stderr } = await midge([...publish, "-L", url], { env });
      assertEquals([code, stderr], [0, ""], url);
    }
    const socket = await midge(publish, { env: { MIDGE_UNIX: broker.unix } });
    assertEquals(socket.code, 0);
  },
);

secureMosquittoTest(
  "A relative path is one of the folder where midge was started",
  async ({ broker }) => {
    const folder = broker.unix.replace(/\/[^/]*$/, "");
    const { code, stderr } = await midge(
      ["publish", "--unix", "mosquitto.sock", "-t", "a", "-n"],
      { cwd: folder },
    );
    assertEquals([code, stderr], [0, ""]);
  },
);

secureMosquittoTest(
  "--alpn is offered",
  async ({ certificates: { folder, server } }) => {
    await using peer = tlsPeer(server, { alpnProtocols: ["mqtt"] });
    const publishing = midge([
      ...["publish", "-p", `${peer.port}`, "-H", "127.0.0.1", "-t", "a", "-n"],
      ...["--cafile", `${folder}/ca.pem`, "--alpn", "x", "--alpn", "mqtt"],
    ]);
    const connection = await peer.accept();
    assertEquals((await connection.handshake()).alpnProtocol, "mqtt");
    await connection.write(CONNACK);
    const into = new Uint8Array(1_000);
    while (await connection.read(into).catch(() => null) !== null);
    connection.close();
    assertEquals((await publishing).code, 0);
  },
);

Deno.test("--alpn is told where the server speaks none of its protocols", async () => {
  using listener = Deno.listen({ hostname: "127.0.0.1", port: 0 });
  const { port } = listener.addr;
  const answering = answerOnce(listener, NO_APPLICATION_PROTOCOL);
  const { code, stderr } = await midge([
    ...["publish", "-p", `${port}`, "-H", "127.0.0.1", "-t", "a", "-n"],
    ...["--alpn", "x"],
  ]);
  await answering;
  assertEquals(
    stderr,
    `midge: cannot connect to 127.0.0.1:${port}: the server speaks none of the protocols of --alpn\n`,
  );
  assertEquals(code, 8);
});

Deno.test("--ws-path and --ws-header stand in the request, and its answer is told", async () => {
  let request = "";
  await using peer = listenRaw(async (connection) => {
    const bytes = new Uint8Array(1_000);
    const size = await connection.read(bytes) ?? 0;
    request += new TextDecoder().decode(bytes.subarray(0, size));
    await connection.write(
      new TextEncoder().encode("HTTP/1.1 401 Unauthorized\r\n\r\n"),
    );
  });
  const { code, stderr } = await midge([
    ...["publish", "-p", `${peer.port}`, "-t", "a", "-n"],
    ...["--ws-path", "/broker?a=b"],
    ...["--ws-header", "Authorization: Bearer secret"],
    ...["--ws-header", "X-Number:7"],
  ]);
  assertMatch(request, /^GET \/broker\?a=b HTTP\/1\.1\r\n/);
  assertMatch(request, /\r\nAuthorization: Bearer secret\r\nX-Number: 7\r\n/);
  assertEquals(
    stderr,
    `midge: cannot connect to localhost:${peer.port}: the server answered the WebSocket upgrade with HTTP 401 ` +
      "Unauthorized. The path was /broker, without TLS\n",
  );
  assertEquals(code, 1);
});

/** What README says of the files of TLS. */
const FILE_FLAG = /`--cafile`.*`(--allow-read=)FILE,/.exec(README)?.[1];

for (const [name, wire] of Object.entries(WIRES)) {
  secureMosquittoTest(
    `${name} needs just the flags that README names`,
    async (peers) => {
      const { args } = wire(peers);
      const files = args.filter((_, at) =>
        /^--(cafile|cert|key)$/.test(args[at - 1] ?? "")
      );
      const flags = [
        ...flagsFor(urlOf(args)).split(" "),
        ...files.length > 0 ? [`${FILE_FLAG}${files.join(",")}`] : [],
      ];
      const publish = ["publish", ...args, "-t", "a", "-n", "--quiet"];
      const permissions = ["--no-prompt", ...flags];
      assertEquals(await midge(publish, { permissions }), {
        code: 0,
        signal: null,
        stdout: "",
        stderr: "",
      });
      const [file] = files;
      if (file === undefined) return;
      const denied = await midge(publish, {
        permissions: ["--no-prompt", ...flags.slice(0, -1)],
      });
      assertEquals(
        denied.stderr,
        `midge: cannot read ${file}: Deno does not permit it; run again with ${FILE_FLAG}${file}\n`,
      );
      assertEquals(denied.code, 1);
    },
  );
}

/** The URL that the options stand for, as far as permissions depend on it. */
function urlOf(args: readonly string[]): URL {
  const valueOf = (option: string, otherwise = "") =>
    args[args.indexOf(option) + 1] ?? otherwise;
  if (args.includes("-L")) return new URL(valueOf("-L"));
  if (args.includes("--unix")) return new URL(`unix:${valueOf("--unix")}`);
  const host = args.includes("-H") ? valueOf("-H") : "localhost";
  return new URL(`mqtt://${host}:${valueOf("-p")}`);
}
