// From options to a URL and what connect() is asked for.

import { assertEquals, assertRejects, assertThrows } from "@std/assert";
import { parse } from "../../src/cli/parse.ts";
import { connectOptions, targetOf } from "../../src/cli/server.ts";
import { SHARED } from "../../src/cli/shared_options.ts";
import { UsageError } from "../../src/cli/usage_error.ts";

function target(...args: readonly string[]) {
  return targetOf(parse(args, SHARED));
}

function options(...args: readonly string[]) {
  return connectOptions(parse(args, SHARED));
}

Deno.test("targetOf makes a URL of host and port, with IPv6 in brackets or without", () => {
  const urls: readonly [readonly string[], string][] = [
    [[], "mqtt://localhost:1883"],
    [["-H", "server", "-p", "1884"], "mqtt://server:1884"],
    [["-h", "::1"], "mqtt://[::1]:1883"],
    [["-h", "[::1]"], "mqtt://[::1]:1883"],
    [["-h", "0:0:0:0:0:0:0:1"], "mqtt://[::1]:1883"],
    [["-h", "10.0.0.9"], "mqtt://10.0.0.9:1883"],
    [["mqtt://a:b@server:9"], "mqtt://a:b@server:9"],
    [["-L", "tcp://server"], "tcp://server"],
  ];
  for (const [args, url] of urls) assertEquals(target(...args).url, url);
});

Deno.test("targetOf takes the topic off an mqtt: URL, and leaves the path of ws: alone", () => {
  const plain = target("mqtt://server/a/b%20c/%23");
  assertEquals(plain.url, "mqtt://server");
  assertEquals(plain.topics, ["a/b c/#"]);
  assertEquals(target("mqtt://server/").topics, []);
  assertEquals(target("mqtt://server").topics, []);
  const ws = target("ws://server/mqtt");
  assertEquals(ws.url, "ws://server/mqtt");
  assertEquals(ws.topics, []);
});

Deno.test("targetOf says where a URL leads to, with the port of its scheme", () => {
  const places: readonly [string, string, string | undefined][] = [
    ["mqtt://server", "server:1883", "server -p 1883"],
    ["tcp://[::1]:9", "[::1]:9", "[::1] -p 9"],
    ["mqtts://server", "server:8883", undefined],
    ["ssl://server:9", "server:9", undefined],
    ["ws://server/mqtt", "server:80", undefined],
    ["wss://server", "server:443", undefined],
    ["unix:///run/mosquitto.sock", "/run/mosquitto.sock", undefined],
  ];
  for (const [url, address, hostAndPort] of places) {
    const at = target("-L", url);
    assertEquals([at.address, at.hostAndPort], [address, hostAndPort], url);
  }
});

Deno.test("targetOf refuses what is no host, and never shows a URL's password", () => {
  for (const host of ["a/b", "a@b", "a?b", "a#b", "a b", "a:b:c"]) {
    assertThrows(
      () => target("-H", host),
      UsageError,
      "option --host needs a host name or an address",
    );
  }
  const error = assertThrows(() => target("mqtt://u:secret@[x"), UsageError);
  assertEquals(error.message.includes("secret"), false);
  assertThrows(() => target("mqtt://a/%zz"), UsageError, "percent sign");
});

Deno.test("connectOptions asks for what is given, and for nothing else", async () => {
  assertEquals(await options(), {});
  assertEquals(
    await options(
      ...["-i", "me", "-u", "alice", "-P", "secret", "-k", "0", "-V", "5"],
      ...["-c", "-x", "1h", "--connect-timeout", "2s", "-w", "w"],
      ...["--will-message", "gone", "--will-qos", "2", "--will-retain"],
      ...["-D", "connect", "receive-maximum", "5"],
      ...["-D", "will", "will-delay-interval", "9"],
    ),
    {
      clientId: "me",
      username: "alice",
      password: "secret",
      keepAlive: 0,
      protocolVersion: 5,
      cleanStart: false,
      connectTimeoutMs: 2_000,
      will: {
        topic: "w",
        payload: "gone",
        qos: 2,
        retain: true,
        properties: { willDelayInterval: 9 },
      },
      properties: { receiveMaximum: 5, sessionExpiryInterval: 3_600 },
    },
  );
  assertEquals(await options("-I", "me-"), { clientId: `me-${Deno.pid}` });
});

Deno.test("connectOptions asks for MQTT 5 alone where an option needs it, and refuses a lower version with it", async () => {
  const newer = [
    ["-x", "9"],
    ["-D", "connect receive-maximum 5"],
    ["--user-property", "a=b"],
  ];
  for (const [name = "", value = ""] of newer) {
    assertEquals((await options(name, value)).protocolVersion, 5);
    assertEquals((await options(name, value, "-V5")).protocolVersion, 5);
    for (const version of ["3.1.1", "3.1"]) {
      await assertRejects(
        () => options(name, value, "-V", version),
        UsageError,
        `${name} needs MQTT 5, and -V asks for a lower version`,
      );
    }
  }
  assertEquals((await options("-V", "3.1")).protocolVersion, 3);
});

Deno.test("connectOptions refuses a will without its topic, and a session without its client id", async () => {
  for (
    const args of [["--will-message", "m"], ["--will-qos", "1"], [
      "--will-retain",
    ]]
  ) {
    await assertRejects(() => options(...args), UsageError, "--will-topic");
  }
  await assertRejects(() => options("-c"), UsageError, "needs --client-id");
});
