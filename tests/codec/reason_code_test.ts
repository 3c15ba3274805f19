import { assert, assertEquals } from "@std/assert";
import {
  connectReturnText,
  isReasonCode,
  ReasonCode,
  reasonText,
} from "../../src/codec/reason_code.ts";

Deno.test("reasonText has the words that the names of ReasonCode are made of", () => {
  const ofPacket = {
    normalDisconnection: "disconnect",
    grantedQoS0: "suback",
  } as const;
  for (const [name, code] of Object.entries(ReasonCode)) {
    const packet = name === "normalDisconnection" || name === "grantedQoS0"
      ? ofPacket[name]
      : undefined;
    const words = reasonText(code, packet).replaceAll(/[ -]/g, "");
    assertEquals(words.toLowerCase(), name.toLowerCase());
  }
});

Deno.test("reasonText says what 0x00 means in which packet, and gives the number of a code that is none", () => {
  assertEquals(reasonText(0x00), "success");
  assertEquals(reasonText(0x00, "puback"), "success");
  assertEquals(reasonText(0x00, "suback"), "granted QoS 0");
  assertEquals(reasonText(0x00, "disconnect"), "normal disconnection");
  assertEquals(reasonText(0x87), "not authorized");
  assertEquals(reasonText(0x9B), "QoS not supported");
  assertEquals(reasonText(0x03), "reason code 0x03");
});

Deno.test("connectReturnText names the return codes of MQTT 3.1.1, which are no Reason Codes", () => {
  assertEquals([0, 1, 2, 3, 4, 5, 6].map(connectReturnText), [
    "connection accepted",
    "unacceptable protocol version",
    "identifier rejected",
    "server unavailable",
    "bad user name or password",
    "not authorized",
    "return code 6",
  ]);
});

Deno.test("isReasonCode knows who may send a code, and without a sender whether anyone may", () => {
  assert(isReasonCode(ReasonCode.disconnectWithWillMessage, "disconnect"));
  assert(isReasonCode(0x04, "disconnect", "client"));
  assert(!isReasonCode(0x04, "disconnect", "server"));
  assert(isReasonCode(ReasonCode.noMatchingSubscribers, "puback", "server"));
  assert(!isReasonCode(0x10, "puback", "client"));
  assert(!isReasonCode(0x10, "pubrel"));
});
