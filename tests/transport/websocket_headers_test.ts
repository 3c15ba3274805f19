// The header fields that a user adds to the opening handshake of WebSocket.

import { assertEquals, assertThrows } from "@std/assert";
import { checkHeaders } from "../../src/transport/websocket_headers.ts";

for (
  const { name, value = "x" } of [
    { name: "" },
    { name: "X Y" },
    { name: "X:" },
    { name: "X\r\nY" },
    { name: "é" },
    { name: "X", value: "a\r\nY: b" },
    { name: "X", value: "a\nb" },
    { name: "X", value: "a\0" },
    { name: "X", value: "\u0100" },
    { name: "Host" },
    { name: "upgrade" },
    { name: "CONNECTION" },
    { name: "Content-Length" },
    { name: "Transfer-Encoding" },
    { name: "Sec-WebSocket-Key" },
    { name: "sec-websocket-version" },
    { name: "Sec-WebSocket-Protocol" },
    { name: "Sec-WebSocket-Extensions" },
  ]
) {
  Deno.test(`checkHeaders refuses ${JSON.stringify(`${name}: ${value}`)}`, () => {
    assertThrows(() => checkHeaders({ [name]: value }), TypeError);
  });
}

Deno.test("checkHeaders takes what a server may want to see, and shows no value in its errors", () => {
  checkHeaders({
    Origin: "https://example.com",
    Authorization: "Bearer a.b-c_d",
    Cookie: "a=1; b=2",
    "X-Empty": "",
    "X-Latin": "\xe9\t\xff",
  });
  const error = assertThrows(
    () => checkHeaders({ Authorization: "secret\n" }),
    TypeError,
  );
  assertEquals(error.message.includes("secret"), false);
});
