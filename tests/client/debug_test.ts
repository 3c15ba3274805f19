// debug: the packets of a connection in readable lines, and no secret in them.

import { assert, assertEquals } from "@std/assert";
import { settled } from "./clock.ts";
import { ack, connack, publish } from "./packets.ts";
import { connected, dial, subscribed } from "./server.ts";

Deno.test("debug tells each packet sent and received, in order", async () => {
  const lines: string[] = [];
  const { client, server } = await connected({
    clientId: "lamp",
    debug: (line) => lines.push(line),
  });
  const subscription = await subscribed(
    { client, server },
    "a/+",
    { qos: 1 },
    publish("a/b", "21.5", { packetId: 7 }),
  );
  for await (const message of subscription) {
    await message.ack();
    break;
  }
  assertEquals(await server.sent(), [ack("puback", 7)]);
  const disconnecting = client.disconnect();
  await server.next("disconnect");
  server.close();
  await disconnecting;
  assertEquals(lines, [
    "connecting to server.test:1883",
    'sent CONNECT MQTT 5 client id "lamp" clean start keep alive 60 s receiveMaximum 1000 sessionExpiryInterval 300',
    "received CONNACK MQTT 5 0x00 success",
    'sent SUBSCRIBE id 1 "a/+" QoS 1 subscriptionIdentifier 1000000',
    "received SUBACK id 1 0x01 granted QoS 1",
    'received PUBLISH "a/b" QoS 1 id 7 4 bytes "21.5"',
    "sent PUBACK id 7",
    "sent DISCONNECT 0x00 normal disconnection sessionExpiryInterval 0",
  ]);
});

Deno.test("debug masks the password and what an authentication method exchanges", async () => {
  for (const password of ["secret", new TextEncoder().encode("secret")]) {
    const lines: string[] = [];
    const { connecting, listener } = dial({
      username: "user",
      password,
      properties: {
        authenticationMethod: "of our own",
        authenticationData: new TextEncoder().encode("secret"),
      },
      debug: (line) => lines.push(line),
    });
    const server = await listener.accept();
    await server.next("connect");
    server.send(connack({ reasonCode: 0x86 }));
    await connecting.catch(() => {});
    const text = lines.join("\n");
    assert(text.includes('username "user"'), text);
    assert(text.includes("password ***"), text);
    assert(text.includes("authenticationData ***"), text);
    assert(!text.includes("secret") && !text.includes("736563726574"), text);
  }
});

Deno.test("debug tells of each version that is tried", async () => {
  const lines: string[] = [];
  const { connecting, listener } = dial({ debug: (line) => lines.push(line) });
  (await listener.accept()).close();
  const server = await listener.accept();
  await server.next("connect");
  server.send(connack({ protocolVersion: 4 }));
  await connecting;
  assertEquals(
    lines.map((line) => line.replace(/ client id .*/, "")),
    [
      "connecting to server.test:1883",
      "sent CONNECT MQTT 5",
      "sent CONNECT MQTT 3.1.1",
      "received CONNACK MQTT 3.1.1 0 connection accepted",
    ],
  );
});

Deno.test("debug tells packets that come in pieces when they are whole", async () => {
  const lines: string[] = [];
  const { server } = await connected({ debug: (line) => lines.push(line) });
  lines.length = 0;
  const bytes = server.encode(publish("a", "x"), ack("pubrel", 9));
  for (const byte of bytes) server.sendBytes(Uint8Array.of(byte));
  await settled();
  assertEquals(lines, [
    'received PUBLISH "a" QoS 0 1 bytes "x"',
    "received PUBREL id 9",
    "sent PUBCOMP id 9 0x92 packet identifier not found",
  ]);
});

Deno.test("debug tells what bytes broke the rules", async () => {
  const lines: string[] = [];
  const { client, server } = await connected({
    reconnect: false,
    debug: (line) => lines.push(line),
  });
  server.sendBytes(Uint8Array.of(0, 0));
  await client.closed;
  await settled();
  assertEquals(lines.length, 5);
  assert(/^received .*\[.*\]$/.test(lines[3] ?? ""), lines[3]);
  assertEquals(lines[4], "sent DISCONNECT 0x81 malformed packet");
});
