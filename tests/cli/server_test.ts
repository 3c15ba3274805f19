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
  return connectOptions(parse(args, SHARED), { lasts: false });
}

Deno.test("targetOf makes a URL of host and port, with IPv6 in brackets or without", () => {
  const urls: readonly [readonly string[], string][] = [
    [[], "mqtt://localhost"],
    [["-H", "server", "-p", "1884"], "mqtt://server:1884"],
    [["-h", "::1"], "mqtt://[::1]"],
    [["-h", "[::1]", "-p", "7"], "mqtt://[::1]:7"],
    [["-h", "0:0:0:0:0:0:0:1"], "mqtt://[::1]"],
    [["-h", "10.0.0.9"], "mqtt://10.0.0.9"],
    [["mqtt://a:b@server:9"], "mqtt://a:b@server:9"],
    [["-L", "tcp://server"], "tcp://server"],
  ];
  for (const [args, url] of urls) assertEquals(target(...args).url, url);
});

Deno.test("targetOf takes the scheme from the options of a wire where there is no URL", () => {
  const urls: readonly [readonly string[], string][] = [
    [["--tls"], "mqtts://localhost"],
    [["-H", "::1", "--tls", "-p", "1883"], "mqtts://[::1]:1883"],
    [["--cafile", "f"], "mqtts://localhost"],
    [["--cert", "f", "--key", "f"], "mqtts://localhost"],
    [["--servername", "a"], "mqtts://localhost"],
    [["--alpn", "mqtt"], "mqtts://localhost"],
    [["--insecure"], "mqtts://localhost"],
    [["-p", "8883"], "mqtts://localhost:8883"],
    [["-p", "8883", "--no-tls"], "mqtt://localhost:8883"],
    [["-p", "443"], "mqtt://localhost:443"],
    [["--tls=false", "--insecure=0"], "mqtt://localhost"],
    [["--ws-path", "/a/b?c=d"], "ws://localhost/a/b?c=d"],
    [["--ws-path", "a"], "ws://localhost/a"],
    [["--ws-path", "//a"], "ws://localhost/a"],
    [["--ws-path", "/a b#c"], "ws://localhost/a%20b%23c"],
    [["-H", "::1", "--ws-header", "A: b"], "ws://[::1]/"],
    [["--ws-path", "/a", "--tls"], "wss://localhost/a"],
    [["--ws-path", "/a", "-p", "443"], "wss://localhost/a"],
    [["--ws-path", "/a", "-p", "8883"], "ws://localhost:8883/a"],
    [["-L", "ws://server", "--ws-path", "/a"], "ws://server/a"],
    [["--unix", "/run/mosquitto.sock"], "unix:/run/mosquitto.sock"],
    [["--unix", "mosquitto.sock"], "unix:mosquitto.sock"],
    [["--unix", "../a b?#%"], "unix:../a%20b%3F%23%25"],
    [["--unix", "//run/a"], "unix:/run/a"],
    [["unix:/run/a"], "unix:/run/a"],
  ];
  for (const [args, url] of urls) {
    assertEquals(target(...args).url, url, args.join(" "));
  }
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
    ["unix:/run/a%20b", "/run/a b", undefined],
  ];
  for (const [url, address, hostAndPort] of places) {
    const at = target("-L", url);
    assertEquals([at.address, at.hostAndPort], [address, hostAndPort], url);
  }
});

Deno.test("targetOf refuses what is no host, and never shows a URL's password", () => {
  for (const host of ["a/b", "a@b", "a?b", "a#b", "a b", "a:b:c"]) {
    for (const wire of [[], ["--tls"], ["--ws-path", "/a"]]) {
      assertThrows(
        () => target("-H", host, ...wire),
        UsageError,
        "option --host needs a host name or an address",
      );
    }
  }
  const error = assertThrows(() => target("mqtt://u:secret@[x"), UsageError);
  assertEquals(error.message.includes("secret"), false);
  assertThrows(() => target("mqtt://a/%zz"), UsageError, "percent sign");
  assertThrows(() => target("unix:/%zz"), UsageError, "the path in the URL");
});

Deno.test("connectOptions asks for what is given, and for nothing else", async () => {
  assertEquals(await options(), { reconnect: false });
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
      reconnect: false,
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
  const { clientId } = await options("-I", "me-");
  assertEquals(clientId, `me-${Deno.pid}`);
});

Deno.test("connectOptions has a job that takes its time come back from a loss, unless it is told otherwise", async () => {
  const reconnect = async (lasts: boolean, ...args: readonly string[]) =>
    (await connectOptions(parse(args, SHARED), { lasts })).reconnect;
  for (const lasts of [true, false]) {
    assertEquals(await reconnect(lasts), lasts);
    assertEquals(await reconnect(lasts, "--reconnect"), true);
    assertEquals(await reconnect(lasts, "--reconnect=3"), { attempts: 3 });
    assertEquals(await reconnect(lasts, "--no-reconnect"), false);
  }
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
