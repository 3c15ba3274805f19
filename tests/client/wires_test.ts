// Which wire an endpoint is reached by, whether or not its code was there from the beginning. That each
// wire carries MQTT to a real server is tested in tests/interop/.

import { assertEquals, assertRejects } from "@std/assert";
import type { Endpoint, HostEndpoint } from "../../src/client/url.ts";
import { transportTo } from "../../src/client/wires.ts";

const NEVER = new AbortController().signal;

const HOST = {
  type: "host",
  hostname: "127.0.0.1",
  port: 1,
  hasTls: false,
  webSocket: undefined,
} as const;

const WEB_SOCKET = { host: "127.0.0.1", path: "/mqtt" };

const ENDPOINTS: Readonly<Record<string, Endpoint>> = {
  TCP: HOST,
  TLS: { ...HOST, hasTls: true },
  WebSocket: { ...HOST, webSocket: WEB_SOCKET },
  "WebSocket over TLS": { ...HOST, hasTls: true, webSocket: WEB_SOCKET },
  "a unix socket": { type: "unix", path: "/nowhere/midge.sock" },
};

for (const [name, endpoint] of Object.entries(ENDPOINTS)) {
  Deno.test(`transportTo gives up at once on ${name} where the signal has fired`, async () => {
    const reason = new Error("enough");
    const error = await assertRejects(() =>
      transportTo(endpoint, {}).open(AbortSignal.abort(reason))
    );
    assertEquals(error, reason);
  });
}

/** The first bytes that a client says on a wire. */
async function firstBytes(
  endpoint: Partial<HostEndpoint>,
  size: number,
): Promise<Uint8Array> {
  using listener = Deno.listen({ hostname: "127.0.0.1", port: 0 });
  const abort = new AbortController();
  const { port } = listener.addr;
  const opening = transportTo({ ...HOST, ...endpoint, port }, {})
    .open(abort.signal).then((wire) => wire.close(), () => {});
  using peer = await listener.accept();
  const into = new Uint8Array(size);
  await peer.read(into);
  abort.abort();
  await opening;
  return into;
}

Deno.test("transportTo speaks TLS to a host that is asked by TLS, also below a WebSocket", async () => {
  const handshake = Uint8Array.of(22, 3, 1); // RFC 8446, 5.1
  for (const webSocket of [undefined, WEB_SOCKET]) {
    assertEquals(await firstBytes({ hasTls: true, webSocket }, 3), handshake);
  }
});

Deno.test("transportTo asks for the WebSocket that the URL has named", async () => {
  const webSocket = { host: "server.test:8080", path: "/path?query" };
  const request = "GET /path?query HTTP/1.1\r\nHost: server.test:8080\r\n";
  const bytes = await firstBytes({ webSocket }, request.length);
  assertEquals(new TextDecoder().decode(bytes), request);
});

Deno.test("transportTo connects to a unix socket", async () => {
  const folder = await Deno.makeTempDir({ prefix: "midge-wires-" });
  try {
    const path = `${folder}/midge.sock`;
    using listener = Deno.listen({ transport: "unix", path });
    const wire = await transportTo({ type: "unix", path }, {}).open(NEVER);
    using peer = await listener.accept();
    await wire.write(Uint8Array.of(1, 2));
    assertEquals(await peer.read(new Uint8Array(10)), 2);
    wire.close();
  } finally {
    await Deno.remove(folder, { recursive: true });
  }
});
