// The request and the answer of the handshake, with the example of RFC 6455, 1.2 and 1.3.

import { assertEquals, assertThrows } from "@std/assert";
import { MqttError } from "../../src/errors.ts";
import {
  acceptOf,
  checkAnswer,
  checkHost,
  checkPath,
  checkStart,
  upgradeRequest,
} from "../../src/transport/websocket_handshake.ts";
import { latin1 } from "./websocket_frames.ts";

const KEY = "dGhlIHNhbXBsZSBub25jZQ==";
const ACCEPT = "s3pPLMBiTxaQ9kYGzzhZRbK+xOo=";

/** An answer that opens a WebSocket for MQTT, but for some of its fields. */
function answer(
  changes: Readonly<Record<string, string | undefined>> = {},
  status = "HTTP/1.1 101 Switching Protocols",
): Uint8Array {
  const fields = {
    Upgrade: "websocket",
    Connection: "Upgrade",
    "Sec-WebSocket-Accept": ACCEPT,
    "Sec-WebSocket-Protocol": "mqtt",
    ...changes,
  };
  const lines = Object.entries(fields).flatMap(([name, value]) =>
    value === undefined ? [] : [`${name}: ${value}`]
  );
  return latin1([status, ...lines].join("\r\n"));
}

Deno.test("acceptOf is the example of RFC 6455, 1.3", async () => {
  assertEquals(await acceptOf(KEY), ACCEPT);
});

Deno.test("upgradeRequest is a request of HTTP/1.1 with the subprotocol mqtt, and the headers of the user", () => {
  const request = upgradeRequest({
    host: "server.example.com:8080",
    path: "/chat?a=b",
    key: KEY,
    headers: { Origin: "http://example.com", Cookie: "n=\xe9" },
  });
  assertEquals(
    request,
    latin1(
      "GET /chat?a=b HTTP/1.1\r\n" +
        "Host: server.example.com:8080\r\n" +
        "Upgrade: websocket\r\n" +
        "Connection: Upgrade\r\n" +
        `Sec-WebSocket-Key: ${KEY}\r\n` +
        "Sec-WebSocket-Version: 13\r\n" +
        "Sec-WebSocket-Protocol: mqtt\r\n" +
        "Origin: http://example.com\r\n" +
        "Cookie: n=\xe9\r\n" +
        "\r\n",
    ),
  );
});

Deno.test("checkPath takes a path with a query, percent-encoded", () => {
  for (const path of ["/", "/mqtt", "/a%20b/%C3%A9?x=1&y=[2]"]) checkPath(path);
  for (const path of ["", "mqtt", "/a b", "/a#b", "/\r\nX: y", "/é"]) {
    assertThrows(() => checkPath(path), TypeError, "path");
  }
});

Deno.test("checkHost takes names and addresses", () => {
  for (const host of ["localhost", "[::1]:8080", "example.com:80"]) {
    checkHost(host);
  }
  for (const host of ["", "a b", "a\r\nX: y", "é.example"]) {
    assertThrows(() => checkHost(host), TypeError, "host");
  }
});

for (
  const { name, head } of [
    { name: "that is bare", head: answer() },
    {
      name: "in other cases of letters",
      head: answer({ Upgrade: "WebSocket", Connection: "keep-alive, UPGRADE" }),
    },
    {
      name: "without a reason phrase, and with more fields",
      head: answer(
        { Server: "x", "Set-Cookie": "a=b", "X-Folder": "" },
        "HTTP/1.1 101",
      ),
    },
    {
      name: "with no extension in so many words",
      head: answer({ "Sec-WebSocket-Extensions": "" }),
    },
  ]
) {
  Deno.test(`checkAnswer takes an answer ${name}`, () => {
    checkAnswer(head, ACCEPT);
  });
}

const ANSWER = "the server's answer to the WebSocket upgrade";
const SUBPROTOCOL = "the server does not take the WebSocket subprotocol mqtt:";
const REFUSED = "the server answered the WebSocket upgrade with HTTP";

for (
  const { name, head, error } of [
    {
      name: "without Upgrade",
      head: answer({ Upgrade: undefined }),
      error: `${ANSWER} has no Upgrade: websocket`,
    },
    {
      name: "with an Upgrade to something else",
      head: answer({ Upgrade: "h2c" }),
      error: `${ANSWER} has no Upgrade: websocket`,
    },
    {
      name: "without Connection",
      head: answer({ Connection: undefined }),
      error: `${ANSWER} has no Connection: Upgrade`,
    },
    {
      name: "with a Connection that only looks alike",
      head: answer({ Connection: "no-upgrade" }),
      error: `${ANSWER} has no Connection: Upgrade`,
    },
    {
      name: "without Sec-WebSocket-Accept",
      head: answer({ "Sec-WebSocket-Accept": undefined }),
      error:
        `${ANSWER} does not prove that it has read our key (Sec-WebSocket-Accept)`,
    },
    {
      name: "with another key's Sec-WebSocket-Accept",
      head: answer({ "Sec-WebSocket-Accept": ACCEPT.toLowerCase() }),
      error:
        `${ANSWER} does not prove that it has read our key (Sec-WebSocket-Accept)`,
    },
    {
      name: "with an extension",
      head: answer({ "Sec-WebSocket-Extensions": "permessage-deflate" }),
      error: `${ANSWER} has extensions that we did not ask for`,
    },
    {
      name: "of HTTP/1.0",
      head: answer({}, "HTTP/1.0 101 Switching Protocols"),
      error: `${ANSWER} is of HTTP/1.0`,
    },
    {
      name: "without a subprotocol",
      head: answer({ "Sec-WebSocket-Protocol": undefined }),
      error: `${SUBPROTOCOL} it names none`,
    },
    {
      name: "with another subprotocol",
      head: answer({ "Sec-WebSocket-Protocol": "mqttv3.1" }),
      error: `${SUBPROTOCOL} it names "mqttv3.1"`,
    },
    {
      name: "with two subprotocols",
      head: answer({
        "Sec-WebSocket-Protocol": "mqtt",
        "sec-websocket-protocol": "soap",
      }),
      error: `${SUBPROTOCOL} it names "mqtt, soap"`,
    },
    {
      name: "of another kind: 404",
      head: latin1("HTTP/1.1 404 Not Found\r\nContent-Length: 0"),
      error: `${REFUSED} 404 Not Found`,
    },
    {
      name: "of another kind: 200 of HTTP/1.0 without a phrase",
      head: latin1("HTTP/1.0 200"),
      error: `${REFUSED} 200`,
    },
    {
      name: "of another kind: 301",
      head: latin1(
        "HTTP/1.1 301 Moved Permanently\r\nlocation:  https://example.com/ ",
      ),
      error:
        `${REFUSED} 301 Moved Permanently (Location: https://example.com/)`,
    },
    {
      name: "of another kind: 401",
      head: latin1(
        "HTTP/1.1 401 Unauthorized\r\nWWW-Authenticate: Basic realm=x",
      ),
      error: `${REFUSED} 401 Unauthorized (WWW-Authenticate: Basic realm=x)`,
    },
    {
      name: "of another kind: 426",
      head: latin1(
        "HTTP/1.1 426 Upgrade Required\r\nSec-WebSocket-Version: 8",
      ),
      error: `${REFUSED} 426 Upgrade Required (Sec-WebSocket-Version: 8)`,
    },
    {
      name: "with what must not reach a terminal",
      head: latin1("HTTP/1.1 403 a\x1b[2J\x9b"),
      error: `${REFUSED} 403 a?[2J?`,
    },
    ...[
      "HTTP/1.1",
      "HTTP/1.1 1O1 x",
      "HTTP/2 101 x",
      "HTTP/1.1 101x",
      "HTTP/1.1 101 x\r\nno colon",
      "HTTP/1.1 101 x\r\n: no name",
      "HTTP/1.1 101 x\r\nA: b\r\n folded",
      "HTTP/1.1 101 x\r\nA: b\nB: c",
      "HTTP/1.1 101 x" + "\r\nA: b".repeat(101),
    ].map((text) => ({
      name: `that is not valid: ${JSON.stringify(text.slice(0, 40))}`,
      head: latin1(text),
      error: `${ANSWER} is not valid HTTP`,
    })),
  ]
) {
  Deno.test(`checkAnswer refuses an answer ${name}`, () => {
    const thrown = assertThrows(() => checkAnswer(head, ACCEPT), MqttError);
    assertEquals(thrown.message, error);
  });
}

Deno.test("checkStart takes the start of an answer, however short", () => {
  for (const text of ["H", "HTTP", "HTTP/1.", "HTTP/1.1 404 Not Found\r\n"]) {
    checkStart(latin1(text));
  }
});

for (
  const { text, error } of [
    { text: "2", error: "the port speaks no HTTP, so no WebSocket" },
    { text: "HTTQ", error: "the port speaks no HTTP, so no WebSocket" },
    { text: "HTTP/2", error: "the port speaks no HTTP, so no WebSocket" },
    { text: "\x15\x02", error: "the port speaks no HTTP, so no WebSocket" },
    {
      text: "\x15",
      error: "the port speaks TLS, not HTTP, so no WebSocket",
    },
    {
      text: "\x15\x03\x01\x00\x02\x02\x46",
      error: "the port speaks TLS, not HTTP, so no WebSocket",
    },
  ]
) {
  Deno.test(`checkStart refuses ${JSON.stringify(text)}`, () => {
    const thrown = assertThrows(() => checkStart(latin1(text)), MqttError);
    assertEquals(thrown.message, error);
  });
}
