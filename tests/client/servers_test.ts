// Where attempts go: URLs in turn, and where a server sends us.

import { assert, assertEquals, assertRejects, assertThrows } from "@std/assert";
import { ConnectError } from "../../mod.ts";
import { referredUrl, Servers } from "../../src/client/servers.ts";

const REFERENCES: readonly (readonly [
  from: string,
  reference: string,
  to: string | undefined,
])[] = [
  ["mqtt://a:1", "b", "mqtt://b"],
  ["mqtt://a:1", "b:2", "mqtt://b:2"],
  [
    "mqtts://u:p%40@a:1",
    "b.example.com:8884",
    "mqtts://u:p%40@b.example.com:8884",
  ],
  ["mqtt://u@a", "b", "mqtt://u@b"],
  ["mqtts://:p@a", "b", "mqtts://:p@b"],
  ["mqtt://a", "[fe80::1]:1883", "mqtt://[fe80::1]:1883"],
  ["mqtt://[::1]", "10.0.0.2:1883", "mqtt://10.0.0.2:1883"],
  ["wss://a/broker?x=1", "b:8443", "wss://b:8443/broker?x=1"],
  ["mqtt://a", "b:1 c:2", "mqtt://b:1"],
  ["mqtt://a", "mqtts://b c:2", "mqtt://c:2"],
  // Another scheme might lead away from TLS, and a user is ours to name.
  ["mqtts://a", "mqtt://b", undefined],
  ["mqtts://a", "evil@b", undefined],
  ["mqtts://a", "b/path", undefined],
  ["mqtts://a", "b:99999", undefined],
  ["mqtts://a", "", undefined],
  ["unix:/run/a.sock", "b", undefined],
];

for (const [from, reference, to] of REFERENCES) {
  Deno.test(`referredUrl reads "${reference}" from ${from}`, () => {
    assertEquals(referredUrl(from, reference)?.href.replace(/\/$/, ""), to);
  });
}

const { signal } = new AbortController();

/** The addresses of the next attempts. */
async function nextOf(servers: Servers, count: number): Promise<string[]> {
  const addresses: string[] = [];
  while (addresses.length < count) {
    addresses.push((await servers.next(signal)).address);
  }
  return addresses;
}

Deno.test("Servers takes its URLs in turn", async () => {
  const servers = new Servers(["mqtt://a", new URL("mqtt://b:2")], {});
  assertEquals(servers.count, 2);
  assertEquals(await nextOf(servers, 3), ["a:1883", "b:2", "a:1883"]);
});

Deno.test("Servers goes where it is sent once, and then on", async () => {
  const servers = new Servers(["mqtt://a", "mqtt://b"], {});
  await nextOf(servers, 1);
  assert(servers.follow("c:3", "once"));
  assertEquals(await nextOf(servers, 4), [
    ...["c:3", "b:1883"],
    ...["a:1883", "b:1883"],
  ]);
});

Deno.test("Servers puts where it is sent for good in the place of the URL that sent it", async () => {
  const servers = new Servers(["mqtt://a", "mqtt://b"], {});
  await nextOf(servers, 1);
  assert(servers.follow("c:3", "for good"));
  assertEquals(await nextOf(servers, 4), [
    ...["c:3", "b:1883"],
    ...["c:3", "b:1883"],
  ]);
});

Deno.test("Servers puts where it is sent for good in the place of a server it was sent to once", async () => {
  const servers = new Servers(["mqtt://a", "mqtt://b"], {});
  await nextOf(servers, 1);
  servers.follow("c:3", "once");
  await nextOf(servers, 1);
  servers.follow("d:4", "for good");
  assertEquals(await nextOf(servers, 3), ["d:4", "b:1883", "d:4"]);
});

Deno.test("Servers asks its function each time, until it is sent away for good", async () => {
  let calls = 0;
  const servers = new Servers(() => `mqtt://a${++calls}`, {});
  assertEquals(servers.count, 1);
  assertEquals(await nextOf(servers, 2), ["a1:1883", "a2:1883"]);
  servers.follow("b", "once");
  assertEquals(await nextOf(servers, 2), ["b:1883", "a3:1883"]);
  servers.follow("c", "for good");
  assertEquals(await nextOf(servers, 2), ["c:1883", "c:1883"]);
  assertEquals(calls, 3);
});

Deno.test("Servers does not go where no URL leads, nor with a wire of the caller's", async () => {
  const servers = new Servers("mqtt://a", {});
  assert(!servers.follow("b", "once"));
  await nextOf(servers, 1);
  for (const reference of ["b/c", "b:0", "b%zz"]) {
    assert(!servers.follow(reference, "once"), reference);
  }
  const transport = { open: () => Promise.reject(new Error("no wire")) };
  const own = new Servers("mqtt://a", { transport });
  const target = await own.next(signal);
  assertEquals(target.transport, transport);
  assert(!own.follow("b", "once"));
});

Deno.test("Servers throws a TypeError for no URL, and for one that is none", () => {
  assertThrows(() => new Servers([], {}), TypeError);
  assertThrows(() => new Servers(["mqtt://a", "b"], {}), TypeError);
});

Deno.test("Servers forgets where it was told to go too late", async () => {
  const late = Promise.withResolvers<string>();
  const urls = [late.promise, Promise.resolve("mqtts://a")];
  const servers = new Servers(() => urls.shift() ?? "mqtt://none", {});
  const controller = new AbortController();
  const first = servers.next(controller.signal);
  controller.abort();
  await nextOf(servers, 1);
  late.resolve("ws://late");
  await assertRejects(() => first);
  assert(servers.follow("b:99", "once"));
  assertEquals(await nextOf(servers, 1), ["b:99"]);
  assertEquals(urls, []);
});

Deno.test("Servers rejects with a ConnectError where its function throws", async () => {
  const cause = new Error("no idea");
  const servers = new Servers(() => Promise.reject(cause), {});
  const error = await assertRejects(() => servers.next(signal), ConnectError);
  assertEquals(error.cause, cause);
});
