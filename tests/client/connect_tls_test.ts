// connect()'s time and signal while TLS is not there yet: the error says where it was stuck.

import {
  assertEquals,
  assertRejects,
  assertStrictEquals,
  assertStringIncludes,
} from "@std/assert";
import { AbortedError, connect, ConnectError } from "../../mod.ts";
import { settled, VirtualClock } from "./clock.ts";

/** Calls `connect()` where nobody answers TLS, and waits until its first bytes are there. */
async function dialSilence(signal?: AbortSignal) {
  using listener = Deno.listen({ hostname: "127.0.0.1", port: 0 });
  const clock = new VirtualClock();
  const connecting = connect(`mqtts://127.0.0.1:${listener.addr.port}`, {
    clock,
    connectTimeoutMs: 3_000,
    ...(signal === undefined ? {} : { signal }),
  });
  connecting.catch(() => {});
  const peer = await listener.accept();
  await peer.read(new Uint8Array(2_048));
  return { connecting, clock, peer };
}

Deno.test("connect rejects after connectTimeoutMs in the TLS handshake, and says so", async () => {
  const { connecting, clock, peer } = await dialSilence();
  await clock.advance(3_000);
  const error = await assertRejects(() => connecting, ConnectError, "3 s");
  assertEquals(error.stage, "tls");
  assertStringIncludes(error.message, "the TLS handshake was not finished");
  assertEquals(clock.timers, 0);
  peer.close();
});

Deno.test("connect rejects with the signal's reason in the TLS handshake", async () => {
  const controller = new AbortController();
  const { connecting, clock, peer } = await dialSilence(controller.signal);
  const reason = new Error("changed my mind");
  controller.abort(reason);
  const error = await assertRejects(() => connecting, AbortedError);
  assertStrictEquals(error.cause, reason);
  await settled();
  assertEquals(clock.timers, 0);
  peer.close();
});
