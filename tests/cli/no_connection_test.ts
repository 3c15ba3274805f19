// No server, or none of MQTT: a line that says which within the connect timeout, and what to try.

import { assertEquals, assertMatch } from "@std/assert";
import { listen, listenRaw } from "./peer.ts";
import { midge } from "./process.ts";

const CONNACK_311 = [0x20, 0x02, 0x00, 0x00];
const PUBLISH = ["publish", "-t", "a", "-m", "b"];

Deno.test("A port where nobody listens is told in one line, with what to try", async () => {
  const listener = Deno.listen({ hostname: "127.0.0.1", port: 0 });
  const { port } = listener.addr;
  listener.close();
  const { code, stdout, stderr } = await midge([
    ...["subscribe", "-h", "127.0.0.1", "-p", `${port}`, "-t", "a"],
  ]);
  assertEquals({ code, stdout }, { code: 1, stdout: "" });
  assertEquals(
    stderr,
    `midge: cannot connect to 127.0.0.1:${port}: connection refused. ` +
      `Is a broker running there? Try: midge test 127.0.0.1 -p ${port}\n`,
  );
});

Deno.test("A host name that cannot be resolved is told, with what to check", async () => {
  // No label of a name has more than 63 characters: nobody is asked for it.
  const host = "x".repeat(64);
  const { code, stderr } = await midge([...PUBLISH, "-h", host]);
  assertMatch(
    stderr,
    /^midge: cannot connect to x+:1883: .*\. Check the host name\n$/,
  );
  assertEquals(code, 1);
});

Deno.test({
  name: "A host that does not answer is told within the connect timeout",
  // Only Linux is known to drop what a full queue cannot take.
  ignore: Deno.build.os !== "linux",
  async fn() {
    using listener = Deno.listen({
      hostname: "127.0.0.1",
      port: 0,
      tcpBacklog: 0,
    });
    const { port } = listener.addr;
    // With this one the queue is full.
    using _ = await Deno.connect({ hostname: "127.0.0.1", port });
    const { code, stderr } = await midge([
      ...[...PUBLISH, "-h", "127.0.0.1", "-p", `${port}`],
      ...["--connect-timeout", "200ms"],
    ]);
    assertEquals(
      stderr,
      `midge: no connection to 127.0.0.1:${port} within 0.2 s. Is the address right? A firewall may be in the way\n`,
    );
    assertEquals(code, 1);
  },
});

for (
  const [protocol, bytes, hint] of [
    [
      "HTTP",
      [...new TextEncoder().encode("HTTP/1.1 400 Bad Request\r\n\r\n")],
      "Try --ws-path /mqtt",
    ],
    // An alert of TLS 1.2: unexpected message.
    ["TLS", [0x15, 0x03, 0x03, 0x00, 0x02, 0x02, 0x0a], "Try --tls"],
  ] as const
) {
  Deno.test(`A port that speaks ${protocol} is told at once, with what to try`, async () => {
    await using peer = listenRaw(async (connection) => {
      await connection.read(new Uint8Array(100));
      await connection.write(new Uint8Array(bytes));
    });
    const { code, stderr } = await midge([...PUBLISH, "-p", `${peer.port}`]);
    assertEquals(
      stderr,
      `midge: cannot connect to localhost:${peer.port}: the port speaks ${protocol}, not MQTT. ${hint}\n`,
    );
    assertEquals(code, 1);
  });
}

Deno.test("A plain port that is asked for TLS is told, and ends with 8", async () => {
  await using peer = listenRaw(async (connection) => {
    await connection.read(new Uint8Array(1_000));
    await connection.write(new Uint8Array(CONNACK_311));
  });
  const url = `mqtts://localhost:${peer.port}`;
  const { code, stderr } = await midge([...PUBLISH, "-L", url]);
  assertEquals(
    stderr,
    `midge: cannot connect to localhost:${peer.port}: the port does not speak TLS. Try mqtt://\n`,
  );
  assertEquals(code, 8);
});

Deno.test("A server that closes without a word is told so", async () => {
  await using peer = listen(() => "close");
  const { code, stderr } = await midge([
    ...[...PUBLISH, "-V", "5", "-p", `${peer.port}`],
  ]);
  assertMatch(
    stderr,
    /^midge: cannot connect to localhost:\d+: the server closed the connection without CONNACK\..* Try without -V\n$/,
  );
  assertEquals(code, 1);
});

Deno.test("A server that speaks 3.1.1 alone is told in one line, and used", async () => {
  await using peer = listen((packet) => {
    if (packet.type !== "connect") return undefined;
    return packet.protocolVersion === 5
      ? [0x20, 0x02, 0x00, 0x01]
      : CONNACK_311;
  });
  const publish = [...PUBLISH, "-p", `${peer.port}`];
  const { code, stderr } = await midge(publish);
  assertEquals(
    stderr,
    `midge: localhost:${peer.port} does not speak MQTT 5: using 3.1.1\n`,
  );
  assertEquals(code, 0);
  assertEquals((await midge([...publish, "--quiet"])).stderr, "");
});
