import { assertEquals } from "@std/assert";
import { allowedHeaders, headerError } from "../../src/codec/fixed_header.ts";
import type { ProtocolVersion, Sender } from "../../src/codec/packet.ts";

// DUP is 8, QoS 2 and 4, RETAIN 1: no DUP at QoS 0, no QoS 3.
const PUBLISH = "30 31 32 33 34 35 3a 3b 3c 3d";

const ALLOWED: [from: Sender, version: ProtocolVersion, headers: string][] = [
  ["server", 3, `20 ${PUBLISH} 40 50 62 6a 70 90 b0 d0`],
  ["server", 4, `20 ${PUBLISH} 40 50 62 70 90 b0 d0`],
  ["server", 5, `20 ${PUBLISH} 40 50 62 70 90 b0 d0 e0 f0`],
  ["client", 3, `10 ${PUBLISH} 40 50 62 6a 70 82 8a a2 aa c0 e0`],
  ["client", 4, `10 ${PUBLISH} 40 50 62 70 82 a2 c0 e0`],
  ["client", 5, `10 ${PUBLISH} 40 50 62 70 82 a2 c0 e0 f0`],
];

for (const [from, version, headers] of ALLOWED) {
  Deno.test(`allowedHeaders has the first bytes that a ${from} may send in version ${version}, and no others`, () => {
    const allowed = [...allowedHeaders(version, from).entries()]
      .filter(([, isAllowed]) => isAllowed === 1)
      .map(([header]) => header.toString(16));
    assertEquals(allowed.join(" "), headers);
  });
}

Deno.test("headerError says what is wrong with each first byte that is not allowed", () => {
  for (const [from, version] of ALLOWED) {
    for (const [header, isAllowed] of allowedHeaders(version, from).entries()) {
      const error = headerError(header, version, from);
      assertEquals(error === undefined, isAllowed === 1);
    }
  }
});
