// What a URL says: where the server is and who asks.

import { assert, assertEquals, assertRejects, assertThrows } from "@std/assert";
import { type Endpoint, parseTarget } from "../../src/client/url.ts";
import { connect } from "../../mod.ts";

const ADDRESSES: readonly (readonly [string, string])[] = [
  ["mqtt://server.test", "server.test:1883"],
  ["mqtt://server.test/", "server.test:1883"],
  ["tcp://server.test", "server.test:1883"],
  ["mqtt://server.test:1884", "server.test:1884"],
  ["mqtt://server.test:65535", "server.test:65535"],
  ["mqtt://192.0.2.1:80", "192.0.2.1:80"],
  ["mqtt://[::1]", "[::1]:1883"],
  ["mqtt://[2001:db8::2]:1884", "[2001:db8::2]:1884"],
  ["mqtt://user:secret@server.test:1884", "server.test:1884"],
  ["MQTT://server.test", "server.test:1883"],
  ["mqtts://server.test", "server.test:8883"],
  ["ssl://server.test:8884", "server.test:8884"],
  ["mqtts://[::1]", "[::1]:8883"],
  ["ws://server.test", "server.test:80"],
  ["ws://server.test:8080/path?query", "server.test:8080"],
  ["wss://user:secret@server.test/", "server.test:443"],
  ["unix:/run/mosquitto.sock", "/run/mosquitto.sock"],
  ["unix:///run/a%20b%3F%23.sock", "/run/a b?#.sock"],
  ["unix:mosquitto.sock", "mosquitto.sock"],
];

for (const [url, address] of ADDRESSES) {
  Deno.test(`parseTarget reads ${url}`, () => {
    assertEquals(parseTarget(url).address, address);
    assertEquals(parseTarget(new URL(url)).address, address);
  });
}

const HOST = {
  type: "host",
  hostname: "server.test",
  port: 1883,
  hasTls: false,
  webSocket: undefined,
} as const;

const ENDPOINTS: readonly (readonly [string, Endpoint])[] = [
  ["mqtt://server.test", HOST],
  ["mqtt://[::1]:1884", { ...HOST, hostname: "::1", port: 1884 }],
  ["mqtts://server.test", { ...HOST, port: 8883, hasTls: true }],
  ["ws://server.test", {
    ...HOST,
    port: 80,
    webSocket: { host: "server.test", path: "/mqtt" },
  }],
  ["wss://[::1]:8443/a%20b?c", {
    ...HOST,
    hostname: "::1",
    port: 8443,
    hasTls: true,
    webSocket: { host: "[::1]:8443", path: "/a%20b?c" },
  }],
  ["unix:///run/a%20b.sock", { type: "unix", path: "/run/a b.sock" }],
];

for (const [url, endpoint] of ENDPOINTS) {
  Deno.test(`parseTarget says what a wire leads to for ${url}`, () => {
    assertEquals(parseTarget(url).endpoint, endpoint);
  });
}

const USERS: readonly (readonly [
  url: string,
  username?: string | undefined,
  password?: string | undefined,
])[] = [
  ["mqtt://server.test"],
  ["mqtt://user@server.test", "user"],
  ["mqtt://user:secret@server.test", "user", "secret"],
  ["mqtt://:secret@server.test", undefined, "secret"],
  ["mqtt://a%40b%3Ac:p%2Fw%23%25@server.test", "a@b:c", "p/w#%"],
  ["mqtt://%C3%A9t%C3%A9:%E2%82%AC@server.test", "été", "€"],
  ["mqtt://été:€@server.test", "été", "€"],
  ["mqtt://user:a:b@server.test", "user", "a:b"],
  ["mqtt://user:a+b@server.test", "user", "a+b"],
];

for (const [url, username, password] of USERS) {
  Deno.test(`parseTarget decodes user and password of ${url}`, () => {
    const target = parseTarget(url);
    assertEquals(target.username, username);
    assertEquals(target.password, password);
  });
}

const WRONG: readonly (readonly [string, string])[] = [
  ["http://user:secret@server.test", "a scheme of another protocol"],
  ["file:///secret", "a file"],
  ["server.test:1883", "no scheme"],
  ["user:secret@server.test", "no scheme, but a password"],
  ["localhost", "a host alone"],
  ["", "nothing"],
  ["mqtt://", "no host"],
  ["mqtt://user:secret@", "no host behind the password"],
  ["mqtt:///path", "no host before the path"],
  ["mqtt://user:secret@server.test:65536", "a port above 65,535"],
  ["mqtt://user:secret@server.test:0", "port 0"],
  ["mqtt://user:secret@server.test:12x", "a port that is no number"],
  ["mqtt://user:secret@server.test/path", "a path"],
  ["mqtt://user:secret@server.test?secret", "a query"],
  ["mqtt://user:secret@server.test#secret", "a fragment"],
  ["mqtt://user:secret%@server.test", "a lone percent sign"],
  ["mqtt://user:secret%FF@server.test", "what is not UTF-8"],
  ["mqtt://user:secret@[::1", "an address that is not closed"],
  ["mqtts://user:secret@server.test/path", "a path behind TLS"],
  ["ws://user:secret@server.test#secret", "a fragment of a WebSocket"],
  ["unix://run/secret.sock", "a host before the path of a socket"],
  ["unix:", "no socket"],
  ["unix:/run/", "a folder"],
  ["unix:/run/a?secret", "a query behind a socket"],
];

for (const [url, why] of WRONG) {
  Deno.test(`parseTarget throws a TypeError that shows no password for ${why}`, async () => {
    const error = assertThrows(() => parseTarget(url), TypeError);
    assert(error.message.startsWith("Cannot connect"), error.message);
    assert(!error.message.includes("secret"), error.message);
    assert(!Deno.inspect(error).includes("secret@"), Deno.inspect(error));
    await assertRejects(() => connect(url), TypeError);
  });
}

Deno.test("parseTarget says how a URL begins where a host stands alone", () => {
  for (const url of ["localhost", "server.test", ""]) {
    assertThrows(() => parseTarget(url), TypeError, "mqtt://");
  }
  const { message } = assertThrows(() => parseTarget("mqtt://[::1"), TypeError);
  assert(!message.includes("mqtt://"), message);
});
