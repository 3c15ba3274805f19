import { assertEquals } from "@std/assert";
import { parse } from "../../src/cli/parse.ts";
import { targetOf } from "../../src/cli/server.ts";
import { SHARED } from "../../src/cli/shared_options.ts";
import { wireHints } from "../../src/cli/wire_hints.ts";

function hints(...args: readonly string[]) {
  const values = parse(args, SHARED);
  return wireHints(values, targetOf(values).url);
}

const NAME = "Check the host name, or say with --servername which to expect";
const CERTIFICATE = "Try --cert and --key";

Deno.test("wireHints names options where there is a host, and a scheme where there is a URL", () => {
  assertEquals(hints("-H", "a"), {
    tls: "Try --tls",
    webSocket: "Try --ws-path /mqtt",
  });
  assertEquals(hints("mqtt://a"), {
    tls: "Try mqtts://",
    webSocket: "Try ws://",
  });
  assertEquals(hints("--tls", "-p", "9"), {
    plain: "Try without --tls",
    webSocket: "Try --ws-path /mqtt",
    serverName: NAME,
    certificate: CERTIFICATE,
  });
  assertEquals(hints("ssl://a"), {
    plain: "Try mqtt://",
    webSocket: "Try wss://",
    serverName: NAME,
    certificate: CERTIFICATE,
  });
  assertEquals(hints("--ws-path", "/b"), {
    tls: "Try --tls",
    path: "The path was /b, without TLS",
  });
  assertEquals(hints("wss://a"), {
    plain: "Try ws://",
    path: "The path was /mqtt, with TLS",
    serverName: NAME,
    certificate: CERTIFICATE,
  });
  assertEquals(hints("--unix", "/a"), {});
});

Deno.test("wireHints takes back what was asked for, as it was asked for", () => {
  assertEquals(hints("--no-tls").tls, "Try without --no-tls");
  assertEquals(
    hints("--cafile", "f", "--insecure").plain,
    "Try without --cafile, --insecure",
  );
  assertEquals(hints("-p", "8883").plain, "Try --no-tls");
});

Deno.test("wireHints knows the port that is plain with most servers", () => {
  assertEquals(
    hints("--tls", "-p", "1883").plain,
    "Try -p 8883, or without --tls",
  );
});

Deno.test("wireHints has the name and the certificate looked at that were given", () => {
  const given = hints("--servername", "a", "--cert", "f", "--key", "f");
  assertEquals(given.serverName, "Check --servername");
  assertEquals(given.certificate, "Check --cert");
});

Deno.test("wireHints tells --insecure from what it is elsewhere", () => {
  assertEquals(
    hints("--insecure").issuer,
    "--insecure checks all but the name, --insecure=everything nothing",
  );
  assertEquals(hints("--tls").issuer, undefined);
});

Deno.test("wireHints shows no query: a token may stand there", () => {
  const { path } = hints("ws://a/b?token=secret");
  assertEquals(path, "The path was /b, without TLS");
});
