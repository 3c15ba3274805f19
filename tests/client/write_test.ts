// What a client says bit by bit, in answer to what came in one segment, leaves in one write.

import { assertEquals } from "@std/assert";
import type { Transport } from "../../mod.ts";
import { settled } from "./clock.ts";
import { ack, connack, publish } from "./packets.ts";
import { type Connected, dial, Listener, subscribed } from "./server.ts";

/** A client, and the sizes of its writes from CONNACK on. */
async function recorded(): Promise<
  Pick<Connected, "client" | "server"> & { readonly writes: number[] }
> {
  const listener = new Listener();
  const writes: number[] = [];
  const transport: Transport = {
    async open(signal) {
      const wire = await listener.open(signal);
      return {
        read: (into) => wire.read(into),
        write(bytes) {
          writes.push(bytes.length);
          return wire.write(bytes);
        },
        close: () => wire.close(),
      };
    },
  };
  const { connecting } = dial({ transport, protocolVersion: 5 });
  const server = await listener.accept();
  await server.next("connect");
  server.send(connack());
  return { client: await connecting, server, writes };
}

Deno.test("a loop's PUBACKs leave in one write where it takes message after message", async () => {
  const { client, server, writes } = await recorded();
  const subscription = await subscribed({ client, server }, "a", { qos: 1 });
  const messages = subscription[Symbol.asyncIterator]();
  const packets = Array.from(
    { length: 20 },
    (_, index) => publish("a", "x", { packetId: index + 1 }),
  );
  writes.length = 0;
  server.send(...packets);
  for (let i = 0; i < packets.length; i++) await messages.next();
  void messages.next();
  await settled();
  assertEquals(writes, [20 * 4]);
});

Deno.test("the PUBRELs for 100 PUBRECs in one segment leave in one write", async () => {
  const { client, server, writes } = await recorded();
  const packetIds = Array.from({ length: 100 }, (_, index) => index + 1);
  for (const _ of packetIds) void client.publish("a", "x", { qos: 2 });
  await settled();
  writes.length = 0;
  server.send(...packetIds.map((packetId) => ack("pubrec", packetId)));
  await settled();
  assertEquals(writes, [100 * 4]);
});
