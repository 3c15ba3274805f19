// TCP over loopback: open, abort, each address in turn, and nothing left open. The sanitizers watch.

import { assert, assertEquals, assertRejects } from "@std/assert";
import { tcp } from "../../src/transport/tcp.ts";
import { isPending } from "../client/clock.ts";
import { refusingNoDelay } from "./no_delay.ts";

const NEVER = new AbortController().signal;

function listen(hostname = "127.0.0.1"): Deno.TcpListener {
  return Deno.listen({ hostname, port: 0 });
}

Deno.test("tcp opens a wire that carries bytes both ways and ends", async () => {
  using listener = listen();
  const { port } = listener.addr;
  const wire = await tcp({ hostname: "127.0.0.1", port }).open(NEVER);
  using peer = await listener.accept();
  const into = new Uint8Array(10);
  assertEquals(await wire.write(Uint8Array.of(1, 2)), 2);
  assertEquals(await peer.read(into), 2);
  await peer.write(Uint8Array.of(3, 4, 5));
  assertEquals(await wire.read(into), 3);
  assertEquals(into.subarray(0, 3), Uint8Array.of(3, 4, 5));
  await wire.closeWrite?.();
  assertEquals(await peer.read(into), null);
  wire.close();
});

Deno.test("tcp leaves nothing open where the system refuses what it asks of the connection", async () => {
  using listener = listen();
  const { port } = listener.addr;
  const first = tcp({ hostname: "127.0.0.1", port }).open(NEVER);
  using accepted = await listener.accept();
  (await first).close();
  await refusingNoDelay(accepted, async () => {
    const second = tcp({ hostname: "127.0.0.1", port }).open(NEVER);
    const refused = assertRejects(() => second, Error, "Invalid argument");
    using peer = await listener.accept();
    await refused;
    assertEquals(await peer.read(new Uint8Array(1)), null);
  });
});

Deno.test("tcp close ends a read that waits", async () => {
  using listener = listen();
  const { port } = listener.addr;
  const wire = await tcp({ hostname: "127.0.0.1", port }).open(NEVER);
  using _peer = await listener.accept();
  const reading = wire.read(new Uint8Array(1));
  assert(await isPending(reading));
  wire.close();
  await assertRejects(() => reading);
});

Deno.test("tcp tries each address of a name in turn", async () => {
  // Whichever address of localhost is the one that is listened on, it is found.
  const hosts = await Deno.readTextFile("/etc/hosts");
  const addresses = hosts.split("\n").filter((line) =>
    /^[\d.:]+\s(.*\s)?localhost(\s|$)/.test(line)
  ).map((line) => line.split(/\s/)[0] ?? "");
  assert(addresses.length > 0, hosts);
  for (const address of addresses) {
    using listener = listen(address);
    const { port } = listener.addr;
    const wire = await tcp({ hostname: "localhost", port }).open(NEVER);
    using _peer = await listener.accept();
    wire.close();
  }
});

Deno.test("tcp opens a wire to an IPv6 address without brackets", async () => {
  let listener;
  try {
    listener = listen("::1");
  } catch {
    return; // This machine has no IPv6.
  }
  using server = listener;
  const { port } = server.addr;
  const wire = await tcp({ hostname: "::1", port }).open(NEVER);
  using _peer = await server.accept();
  wire.close();
});

Deno.test("tcp rejects where nobody listens", async () => {
  const listener = listen();
  const { port } = listener.addr;
  listener.close();
  await assertRejects(
    () => tcp({ hostname: "127.0.0.1", port }).open(NEVER),
    Deno.errors.ConnectionRefused,
  );
});

Deno.test("tcp rejects where the signal is aborted already", async () => {
  using listener = listen();
  const { port } = listener.addr;
  const reason = new Error("no");
  const error = await assertRejects(() =>
    tcp({ hostname: "127.0.0.1", port }).open(AbortSignal.abort(reason))
  );
  assertEquals(error, reason);
});

Deno.test("tcp gives up a wire that is being opened when the signal fires", async () => {
  using listener = listen();
  const { port } = listener.addr;
  const controller = new AbortController();
  const opening = tcp({ hostname: "127.0.0.1", port }).open(controller.signal);
  controller.abort(new Error("no"));
  await assertRejects(() => opening, Error, "no");
});
