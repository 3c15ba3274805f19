// Unix sockets: open, abort, and nothing left open. The sanitizers watch.

import { assert, assertEquals, assertRejects } from "@std/assert";
import { unix } from "../../src/transport/unix.ts";
import { isPending } from "../client/clock.ts";

const NEVER = new AbortController().signal;

/** A path in a folder of its own. */
async function withPath(use: (path: string) => Promise<void>): Promise<void> {
  const folder = await Deno.makeTempDir({ prefix: "midge-unix-" });
  try {
    await use(`${folder}/a b.sock`);
  } finally {
    await Deno.remove(folder, { recursive: true });
  }
}

Deno.test("unix opens a wire that carries bytes both ways and ends", async () => {
  await withPath(async (path) => {
    using listener = Deno.listen({ transport: "unix", path });
    const wire = await unix({ path }).open(NEVER);
    using peer = await listener.accept();
    const into = new Uint8Array(10);
    assertEquals(await wire.write(Uint8Array.of(1, 2)), 2);
    assertEquals(await peer.read(into), 2);
    await peer.write(Uint8Array.of(3, 4, 5));
    assertEquals(await wire.read(into), 3);
    await wire.closeWrite?.();
    assertEquals(await peer.read(into), null);
    const reading = wire.read(into);
    assert(await isPending(reading));
    wire.close();
    await assertRejects(() => reading);
  });
});

Deno.test("unix rejects where there is no socket, and where the path is none", async () => {
  await withPath(async (path) => {
    await assertRejects(() => unix({ path }).open(NEVER), Deno.errors.NotFound);
    await Deno.writeTextFile(`${path}.file`, "");
    await assertRejects(
      () => unix({ path: `${path}.file` }).open(NEVER),
      Deno.errors.ConnectionRefused,
    );
  });
});

Deno.test("unix gives up when the signal fires, and where it has", async () => {
  await withPath(async (path) => {
    using listener = Deno.listen({ transport: "unix", path });
    const reason = new Error("no");
    const transport = unix({ path });
    assertEquals(
      await assertRejects(() => transport.open(AbortSignal.abort(reason))),
      reason,
    );
    const controller = new AbortController();
    const opening = transport.open(controller.signal);
    controller.abort(reason);
    assertEquals(await assertRejects(() => opening), reason);
    using peer = await listener.accept();
    assertEquals(await peer.read(new Uint8Array(1)), null);
  });
});
