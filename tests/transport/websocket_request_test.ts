// A server reads a client's request for a WebSocket: what opens one, what does not, and how that is told.

import { assert, assertEquals, assertStringIncludes } from "@std/assert";
import { upgradeRequest } from "../../src/transport/websocket_handshake.ts";
import {
  isRequest,
  readUpgrade,
  refused,
  upgradeAnswer,
} from "../../src/transport/websocket_request.ts";
import { latin1 } from "./websocket_frames.ts";

const KEY = "dGhlIHNhbXBsZSBub25jZQ==";

const GOOD = [
  "GET /mqtt HTTP/1.1",
  "Host: localhost",
  "Upgrade: websocket",
  "Connection: Upgrade",
  `Sec-WebSocket-Key: ${KEY}`,
  "Sec-WebSocket-Version: 13",
  "Sec-WebSocket-Protocol: mqtt",
];

/** The good request with the line of this beginning replaced, or left out. */
function but(beginning: string, ...lines: string[]): Uint8Array {
  return head(
    GOOD.flatMap((line) => line.startsWith(beginning) ? lines : [line]),
  );
}

function head(lines: readonly string[]): Uint8Array {
  return latin1(lines.join("\r\n"));
}

Deno.test("readUpgrade takes the request that our own client makes", () => {
  const request = upgradeRequest({
    host: "localhost",
    path: "/mqtt",
    key: KEY,
    headers: { cookie: "a=1" },
  });
  assertEquals(readUpgrade(request.subarray(0, -4), "/mqtt"), {
    type: "upgrade",
    key: KEY,
    subprotocol: "mqtt",
  });
});

const TAKEN: Readonly<Record<string, [Uint8Array, string]>> = {
  "a query behind the path": [
    but("GET", "GET /mqtt?token=1 HTTP/1.1"),
    "mqtt",
  ],
  "names and lists in any case, with spaces": [
    head([
      "GET /mqtt HTTP/1.1",
      "upgrade:\tWebSocket ",
      "CONNECTION: keep-alive, UPGRADE",
      `sec-websocket-key:${KEY}`,
      "sec-websocket-version: 13",
      "sec-websocket-protocol: chat , mqtt",
    ]),
    "mqtt",
  ],
  "the subprotocols in two fields": [
    but(
      "Sec-WebSocket-Protocol",
      "Sec-WebSocket-Protocol: mqttv3.1",
      "Sec-WebSocket-Protocol: mqtt",
    ),
    "mqtt",
  ],
  "the name that clients of MQTT 3.1 use": [
    but("Sec-WebSocket-Protocol", "Sec-WebSocket-Protocol: mqttv3.1"),
    "mqttv3.1",
  ],
};

for (const [name, [request, subprotocol]] of Object.entries(TAKEN)) {
  Deno.test(`readUpgrade takes ${name}`, () => {
    assertEquals(readUpgrade(request, "/mqtt"), {
      type: "upgrade",
      key: KEY,
      subprotocol,
    });
  });
}

const REFUSED: Readonly<
  Record<string, [request: Uint8Array, status: number, why: string]>
> = {
  "HTTP/1.0": [but("GET", "GET /mqtt HTTP/1.0"), 400, "no valid request"],
  "a request line that is none": [but("GET", "GET /mqtt"), 400, "no valid"],
  "a field that is none": [but("Host", "Host localhost"), 400, "no valid"],
  "a POST": [but("GET", "POST /mqtt HTTP/1.1"), 405, "its method is POST"],
  "another path": [
    but("GET", "GET /mqtt/\xe9 HTTP/1.1"),
    404,
    "MQTT is at /mqtt, not at /mqtt/?",
  ],
  "no Upgrade": [but("Upgrade"), 426, "it asks for no WebSocket"],
  "no Connection": [
    but("Connection", "Connection: close"),
    426,
    "it asks for no WebSocket",
  ],
  "another version": [
    but("Sec-WebSocket-Version", "Sec-WebSocket-Version: 8"),
    426,
    "another version of WebSocket than 13",
  ],
  "no key": [but("Sec-WebSocket-Key"), 400, "Sec-WebSocket-Key"],
  "a key of 15 bytes": [
    but("Sec-WebSocket-Key", "Sec-WebSocket-Key: AAAAAAAAAAAAAAAAAAAA"),
    400,
    "Sec-WebSocket-Key",
  ],
  "no subprotocol": [but("Sec-WebSocket-Protocol"), 400, "subprotocol mqtt"],
  "another subprotocol": [
    but("Sec-WebSocket-Protocol", "Sec-WebSocket-Protocol: mqtts"),
    400,
    "subprotocol mqtt",
  ],
};

for (const [name, [request, status, why]] of Object.entries(REFUSED)) {
  Deno.test(`readUpgrade refuses ${name} with ${status}`, () => {
    const upgrade = readUpgrade(request, "/mqtt");
    assert(upgrade.type === "refusal");
    assertStringIncludes(upgrade.why, why);
    const answer = new TextDecoder().decode(upgrade.answer);
    const [start = "", body = ""] = answer.split("\r\n\r\n");
    assertEquals(start.split(" ")[1], `${status}`);
    assertStringIncludes(body, why);
    assertStringIncludes(start, `\r\nContent-Length: ${body.length}`);
    assertEquals(start.includes("Sec-WebSocket-Version: 13"), status === 426);
    assertEquals(start.includes("Allow: GET"), status === 405);
  });
}

Deno.test("refused keeps what a client sent off the lines of the answer", () => {
  const { answer } = refused(404, "MQTT is at /mqtt");
  assertEquals(
    new TextDecoder().decode(answer),
    [
      "HTTP/1.1 404 Not Found",
      "Connection: close",
      "Content-Type: text/plain",
      "Content-Length: 80",
      "",
      "This port speaks MQTT over WebSocket. The request is refused: MQTT is at /mqtt.\n",
    ].join("\r\n"),
  );
});

Deno.test("upgradeAnswer is the answer of RFC 6455, 1.3, for MQTT", () => {
  assertEquals(
    new TextDecoder().decode(
      upgradeAnswer("s3pPLMBiTxaQ9kYGzzhZRbK+xOo=", "mqtt"),
    ),
    "HTTP/1.1 101 Switching Protocols\r\nUpgrade: websocket\r\n" +
      "Connection: Upgrade\r\n" +
      "Sec-WebSocket-Accept: s3pPLMBiTxaQ9kYGzzhZRbK+xOo=\r\n" +
      "Sec-WebSocket-Protocol: mqtt\r\n\r\n",
  );
});

Deno.test("isRequest tells a request from its first bytes, however few", () => {
  for (const start of ["", "G", "GET", "GET ", "GET /mqtt", "OPTIONS *"]) {
    assert(isRequest(latin1(start)), start);
  }
  for (const start of ["\x10\x0d", "\x16\x03\x01", "get /", "GET\x00"]) {
    assert(!isRequest(latin1(start)), start);
  }
});
