import { assertEquals, assertMatch } from "@std/assert";
import {
  ConnectError,
  type ConnectErrorOptions,
  ConnectionLostError,
  KeepAliveError,
  ProtocolError,
  PublishError,
  StoreError,
  type StoreFault,
  SubscribeError,
  WireError,
  type WireErrorOptions,
} from "../../mod.ts";
import { type Circumstances, failureOf } from "../../src/cli/failure.ts";

const AT: Circumstances = {
  address: "broker.example:8883",
  hostAndPort: "broker.example -p 8883",
  protocol: "mqtt:",
  hints: { tls: "Try --tls", webSocket: "Try --ws-path" },
  connectTimeoutMs: 10_000,
  protocolVersion: undefined,
  versionHint: undefined,
};

/** What stands in the message says nothing to the command line: the fields do. */
function refusal(reasonCode: number): ConnectError {
  return new ConnectError("Cannot connect", {
    stage: "connack",
    reasonCode,
    refusal: `words (${reasonCode})`,
  });
}

function noConnection(options: ConnectErrorOptions): ConnectError {
  return new ConnectError("Cannot connect: words", options);
}

Deno.test("failureOf gives the return codes and Reason Codes of CONNACK as exit codes", () => {
  const codes = [1, 2, 3, 4, 5, 0x80, 0x84, 0x9f, 6, 127];
  assertEquals(
    codes.map((code) => failureOf(refusal(code), AT).code),
    [1, 2, 3, 4, 5, 128, 132, 159, 1, 1],
  );
});

Deno.test("failureOf says what to check when CONNACK has refused", () => {
  const hints: readonly (readonly [number, string])[] = [
    [2, ". Check -i"],
    [3, ""],
    [4, ". Check -u and -P"],
    [5, ". Check -u and -P"],
    [0x85, ". Check -i"],
    [0x86, ". Check -u and -P"],
    [0x87, ". Check -u and -P"],
    [0x88, ""],
  ];
  for (const [code, hint] of hints) {
    assertEquals(
      failureOf(refusal(code), AT).line,
      `broker.example:8883 refused the connection: words (${code})${hint}`,
    );
  }
});

Deno.test("failureOf gives the hint on versions where a server may not speak the one it was asked for", () => {
  const at = { ...AT, versionHint: "Try without -V" };
  const closed = noConnection({ stage: "connack" });
  for (const error of [refusal(1), refusal(0x84), closed]) {
    assertMatch(failureOf(error, at).line, /\. Try without -V$/);
    assertEquals(failureOf(error, AT).line.includes("-V"), false);
  }
  for (const error of [refusal(5), noConnection({})]) {
    assertEquals(failureOf(error, at).line.includes("-V"), false);
  }
});

Deno.test("failureOf says what to try when there is no connection", () => {
  const { ConnectionRefused, NotCapable } = Deno.errors;
  const timeout = new DOMException("over", "TimeoutError");
  const lines: readonly (readonly [ConnectErrorOptions, string])[] = [
    [
      { cause: new ConnectionRefused() },
      "cannot connect: words. Is a broker running there? Try: midge test broker.example -p 8883",
    ],
    [
      { cause: timeout },
      "no connection to broker.example:8883 within 10 s. Is the address right? A firewall may be in the way",
    ],
    [
      { cause: timeout, stage: "connack" },
      "no CONNACK from broker.example:8883 within 10 s (TCP connected). A TLS port? Try --tls",
    ],
    [
      { stage: "connack", peerProtocol: "HTTP" },
      "cannot connect: words. Try --ws-path",
    ],
    [
      { stage: "connack", peerProtocol: "TLS" },
      "cannot connect: words. Try --tls",
    ],
    // A name that cannot be resolved, and one that cannot be a name.
    [{ cause: new Error() }, "cannot connect: words. Check the host name"],
    [{ cause: new URIError() }, "cannot connect: words. Check the host name"],
    [{ cause: new NotCapable() }, "cannot connect: words"],
    [
      { cause: Object.assign(new Error(), { code: "EHOSTUNREACH" }) },
      "cannot connect: words",
    ],
    // What closes without a word may want TLS.
    [{ stage: "connack" }, "cannot connect: words. Try --tls"],
    [
      { cause: new Deno.errors.NotFound() },
      "cannot connect: words. Is a broker running there?",
    ],
    [{ stage: "tls", cause: timeout }, "cannot connect: words"],
    [{ stage: "websocket", cause: timeout }, "cannot connect: words"],
  ];
  for (const [options, line] of lines) {
    assertEquals(failureOf(noConnection(options), AT), { line, code: 1 });
  }
});

/** All that a wire can have. */
const HINTS = {
  plain: "Try without --tls",
  path: "The path was /",
  issuer: "--insecure is not that",
  serverName: "Check --servername",
  certificate: "Check --cert",
} as const;

Deno.test("failureOf says what to try where TLS or a WebSocket has failed", () => {
  const hints: readonly (readonly [WireErrorOptions, string])[] = [
    [{ stage: "tls", fault: "no-tls" }, ". Try without --tls"],
    [{ stage: "tls", fault: "wrong-name" }, ". Check --servername"],
    [{ stage: "tls", fault: "client-certificate" }, ". Check --cert"],
    [{ stage: "tls", fault: "untrusted" }, ". --insecure is not that"],
    [{ stage: "tls", fault: "out-of-date" }, ""],
    [{ stage: "tls" }, ""],
    [{ stage: "websocket" }, ". The path was /"],
  ];
  for (const [options, hint] of hints) {
    const { stage } = options;
    const error = noConnection({ stage, cause: new WireError("", options) });
    assertEquals(failureOf(error, { ...AT, hints: HINTS }), {
      line: `cannot connect: words${hint}`,
      code: stage === "tls" ? 8 : 1,
    });
  }
});

Deno.test("failureOf says how far connecting came when its time was over, and what to try", () => {
  const cause = new DOMException("over", "TimeoutError");
  const none = "no CONNACK from broker.example:8883 within 10 s";
  const lines: readonly (readonly [string, ConnectErrorOptions, string])[] = [
    ["mqtts:", { stage: "connack" }, `${none} (TLS connected)`],
    ["wss:", { stage: "connack" }, `${none} (WebSocket connected)`],
    ["unix:", { stage: "connack" }, `${none} (socket connected)`],
    [
      "mqtts:",
      { stage: "tls" },
      "cannot connect: words. A plain port? Try without --tls",
    ],
    [
      "ws:",
      { stage: "websocket" },
      "cannot connect: words. The path was /",
    ],
  ];
  for (const [protocol, options, line] of lines) {
    const error = noConnection({ ...options, cause });
    assertEquals(failureOf(error, { ...AT, protocol, hints: HINTS }), {
      line,
      code: 1,
    });
  }
});

Deno.test("failureOf calls the options of TLS by their names on the command line", () => {
  const cause = new WireError("", { stage: "tls" });
  const lines: readonly (readonly [string, string])[] = [
    [
      "the issuer of the certificate: give it as caCerts",
      "the issuer of the certificate: give it as --cafile",
    ],
    ["key is not the key of cert", "--key is not the key of --cert"],
    ["or one in caCerts or cert", "or one in --cafile or --cert"],
    ["none of the alpnProtocols", "none of the protocols of --alpn"],
  ];
  for (const [words, line] of lines) {
    const error = new ConnectError(`Cannot connect to a:1: ${words}`, {
      stage: "tls",
      cause,
    });
    assertEquals(
      failureOf(error, AT).line,
      `cannot connect to a:1: ${line}`,
    );
  }
});

Deno.test("failureOf gives 8 where TLS has failed", () => {
  const error = noConnection({ stage: "tls", cause: new Error() });
  assertEquals(failureOf(error, AT), {
    line: "cannot connect: words",
    code: 8,
  });
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
  const header = new TypeError("A WebSocket header must not be named A b");
  assertEquals(
    failureOf(header, AT).line,
    "a WebSocket header must not be named A b",
  );
});

Deno.test("failureOf says what to do about a store that does not do its work", () => {
  const hints: readonly (readonly [StoreFault, string])[] = [
    ["in-use", ". Wait until that ends, or take another --store"],
    ["not-a-store", ". Take another --store"],
    ["full", ". Make room, and run it again: what it has is not lost"],
    ["forbidden", ". Take a --store that can be read and written"],
    ["removed", ". Run it again"],
    ["failed", ""],
  ];
  for (const [fault, hint] of hints) {
    const error = new StoreError("Cannot open the store s: words", { fault });
    assertEquals(failureOf(error, AT), {
      line: `cannot open the store s: words${hint}`,
      code: 1,
    });
  }
  const cause = new Deno.errors.NotCapable("words");
  const flags = "Cannot open the store s: run again with --allow-read=.";
  const error = new StoreError(flags, { fault: "forbidden", cause });
  assertEquals(
    failureOf(error, AT).line,
    "cannot open the store s: run again with --allow-read=.",
  );
});
