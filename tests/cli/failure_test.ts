import { assertEquals } from "@std/assert";
import {
  ConnectError,
  ConnectionLostError,
  KeepAliveError,
  ProtocolError,
  PublishError,
  SubscribeError,
} from "../../mod.ts";
import { type Circumstances, failureOf } from "../../src/cli/failure.ts";

const AT: Circumstances = {
  host: "broker.example",
  port: "8883",
  connectTimeoutMs: 10_000,
  protocolVersion: undefined,
};

function refusal(reasonCode: number): ConnectError {
  return new ConnectError(
    "Cannot connect to broker.example:8883: the server refused the connection, some words",
    { reasonCode },
  );
}

function noConnection(why: string, cause: unknown): ConnectError {
  return new ConnectError(`Cannot connect to broker.example:8883: ${why}`, {
    cause,
  });
}

Deno.test("failureOf gives the return codes and Reason Codes of CONNACK as exit codes", () => {
  const codes = [1, 2, 3, 4, 5, 0x80, 0x84, 0x9f, 6, 127];
  assertEquals(
    codes.map((code) => failureOf(refusal(code), AT).code),
    [1, 2, 3, 4, 5, 128, 132, 159, 1, 1],
  );
});

Deno.test("failureOf says what to try when there is no connection", () => {
  const timeout = new DOMException("over", "TimeoutError");
  const lines: readonly [ConnectError, string][] = [
    [
      noConnection("connection refused", new Deno.errors.ConnectionRefused()),
      "cannot connect to broker.example:8883: connection refused. Is a broker running there? Try: midge test broker.example -p 8883",
    ],
    [
      noConnection("the wire was not open within 10 s", timeout),
      "no connection to broker.example:8883 within 10 s. Is the address right? A firewall may be in the way",
    ],
    [
      noConnection("the wire is open, but no CONNACK came", timeout),
      "no CONNACK from broker.example:8883 within 10 s (TCP connected). A TLS port? Try mqtts://",
    ],
    [
      noConnection(
        "failed to lookup address information: Name or service not known",
        new Error(),
      ),
      "cannot connect to broker.example:8883: failed to lookup address information: Name or service not known. Check the host name",
    ],
  ];
  for (const [error, line] of lines) {
    assertEquals(failureOf(error, AT), { line, code: 1 });
  }
});

Deno.test("failureOf tells a connection lost, a silent server and a DISCONNECT apart", () => {
  const lost = (
    options: ConstructorParameters<typeof ConnectionLostError>[1],
  ) => failureOf(new ConnectionLostError("lost", options), AT).code;
  const silent = new ConnectionLostError("lost", {
    cause: new KeepAliveError("no PINGRESP"),
  });
  assertEquals(lost({}), 7);
  assertEquals(lost({ cause: new Error("reset") }), 7);
  assertEquals(lost({ cause: new ProtocolError("bad", 0x81, "1.1") }), 7);
  assertEquals(lost({ reasonCode: 0 }), 7);
  assertEquals(lost({ reasonCode: 0x8e }), 142);
  assertEquals(lost({ cause: new KeepAliveError("no PINGRESP") }), 19);
  assertEquals(lost({ cause: silent }), 19);
});

Deno.test("failureOf gives 12 for a SUBACK of 3.x that refuses, and the Reason Code under 5", () => {
  const error = new SubscribeError("refused", { reasonCodes: [0, 0x8f] });
  for (const [protocolVersion, code] of [[3, 12], [4, 12], [5, 143]] as const) {
    assertEquals(failureOf(error, { ...AT, protocolVersion }).code, code);
  }
});

Deno.test("failureOf gives the Reason Code of a refused publish, and 1 where a limit held it back", () => {
  const refused = new PublishError("refused", {
    delivery: "refused",
    reasonCode: 0x99,
  });
  const large = new PublishError("too large", { delivery: "not-sent" });
  assertEquals(failureOf(refused, AT).code, 153);
  assertEquals(failureOf(large, AT).code, 1);
});

Deno.test("failureOf begins small, and keeps names as they are", () => {
  const { line } = failureOf(
    new TypeError('Cannot publish to "The/A": The connection: Topic Name'),
    AT,
  );
  assertEquals(line, 'cannot publish to "The/A": the connection: Topic Name');
});
