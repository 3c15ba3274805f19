// Which wire the options choose, and what contradicts a URL.

import { assertEquals, assertThrows } from "@std/assert";
import { parse } from "../../src/cli/parse.ts";
import { SHARED } from "../../src/cli/shared_options.ts";
import { UsageError } from "../../src/cli/usage_error.ts";
import {
  askedScheme,
  checkAgainst,
  wireOptions,
  withPath,
} from "../../src/cli/wires.ts";

/** The URL that stands among the arguments, or in MIDGE_URL. */
function given(
  args: readonly string[],
  variables: Readonly<Record<string, string>> = {},
) {
  const values = parse(args, SHARED, { variables: (name) => variables[name] });
  return { values, url: new URL(values.url ?? "mqtt://nowhere") };
}

const CONTRADICTIONS: readonly [readonly string[], string][] = [
  ...["--tls", "--cafile=f", "--cert=f", "--key=f", "--servername=a"]
    .concat("--alpn=mqtt", "--insecure", "--insecure=everything")
    .map((option): typeof CONTRADICTIONS[number] => [
      ["mqtt://a", option],
      `${
        option.split("=")[0]
      } asks for TLS, and the URL begins with mqtt://. Try mqtts://`,
    ]),
  [
    ["-L", "tcp://a", "--tls"],
    "--tls asks for TLS, and the URL begins with tcp://. Try mqtts://",
  ],
  [
    ["ws://a", "--cafile", "f"],
    "--cafile asks for TLS, and the URL begins with ws://. Try wss://",
  ],
  [
    ["unix:/a", "--tls"],
    "--tls asks for TLS, and the URL begins with unix:",
  ],
  [
    ["mqtts://a", "--no-tls"],
    "--no-tls asks for no TLS, and the URL begins with mqtts://. Try mqtt://",
  ],
  [
    ["wss://a", "--no_tls"],
    "--no_tls asks for no TLS, and the URL begins with wss://. Try ws://",
  ],
  [
    ["mqtt://a", "--ws-path", "/b"],
    "--ws-path asks for a WebSocket, and the URL begins with mqtt://. Try ws://",
  ],
  [
    ["ssl://a", "--ws-header", "A: b"],
    "--ws-header asks for a WebSocket, and the URL begins with ssl://. Try wss://",
  ],
  [
    ["unix:/a", "--ws-path", "/b"],
    "--ws-path asks for a WebSocket, and the URL begins with unix:",
  ],
  [
    ["ws://a/b", "--ws-path", "/b"],
    "--ws-path and the path of the URL contradict each other",
  ],
  [
    ["ws://a?b", "--ws-path", "/b"],
    "--ws-path and the path of the URL contradict each other",
  ],
];

for (const [args, message] of CONTRADICTIONS) {
  Deno.test(`checkAgainst refuses ${args.join(" ")}`, () => {
    const { values, url } = given(args);
    const error = assertThrows(() => checkAgainst(url, values), UsageError);
    assertEquals(error.message, message);
  });
}

Deno.test("checkAgainst lets through what the scheme says as well, and what is switched off", () => {
  const fine = [
    ["mqtts://a", "--tls", "--cafile", "f", "--cert", "f", "--key", "f"],
    ["ssl://a", "--insecure"],
    ["mqtt://a", "--no-tls"],
    ["mqtt://a", "--tls=false", "--insecure=0"],
    ["wss://a", "--tls", "--ws-path", "/b", "--ws-header", "A: b"],
    ["ws://a/", "--no-tls", "--ws-path", "/b"],
    ["unix:/a", "--no-tls"],
    // Of such a scheme connect() tells.
    ["http://a", "--tls"],
  ];
  for (const args of fine) {
    const { values, url } = given(args);
    checkAgainst(url, values);
  }
});

Deno.test("checkAgainst lets a URL of the command line overrule variables, but no two of them contradict", () => {
  const variables = {
    MIDGE_TLS: "1",
    MIDGE_CAFILE: "f",
    MIDGE_WS_PATH: "/b",
    MIDGE_WS_HEADER: "A: b",
  };
  for (const typed of ["mqtt://a", "ws://a/c", "unix:/a"]) {
    const { values, url } = given([typed], variables);
    checkAgainst(url, values);
  }
  const { values, url } = given(["wss://a"], { MIDGE_NO_TLS: "1" });
  checkAgainst(url, values);
  const refused: readonly [
    readonly string[],
    Record<string, string>,
    string,
  ][] = [
    [[], { MIDGE_URL: "mqtt://a", MIDGE_TLS: "1" }, "MIDGE_TLS asks for TLS"],
    [["--tls"], { MIDGE_URL: "mqtt://a" }, "--tls asks for TLS"],
  ];
  for (const [args, variables, message] of refused) {
    const { values, url } = given(args, variables);
    assertThrows(
      () => checkAgainst(url, values),
      UsageError,
      `${message}, and MIDGE_URL begins with mqtt://. Try mqtts://`,
    );
  }
});

Deno.test("askedScheme takes a port that is known for TLS for its word", () => {
  const schemes: readonly (readonly [readonly string[], string])[] = [
    [[], "mqtt:"],
    [["-p", "8883"], "mqtts:"],
    [["-p", "8883", "--no-tls"], "mqtt:"],
    [["-p", "1883", "--tls"], "mqtts:"],
    [["--ws-path", "/"], "ws:"],
    [["--ws-path", "/", "-p", "443"], "wss:"],
    [["--ws-path", "/", "-p", "443", "--no-tls"], "ws:"],
    [["--ws-header", "A: b", "--insecure"], "wss:"],
  ];
  for (const [args, scheme] of schemes) {
    assertEquals(askedScheme(parse(args, SHARED)), scheme, args.join(" "));
  }
});

Deno.test("withPath gives a path to a WebSocket that has none, and to nothing else", () => {
  const paths: readonly (readonly [string, string])[] = [
    ["ws://a", "ws://a/b"],
    ["wss://u:p@a:7/", "wss://u:p@a:7/b"],
    ["ws://a/c", "ws://a/c"],
    ["ws://a?c", "ws://a/?c"],
    ["mqtt://a", "mqtt://a"],
    ["unix:/c", "unix:/c"],
  ];
  for (const [typed, expected] of paths) {
    const { values, url } = given([typed, "--ws-path", "/b"]);
    assertEquals(withPath(url, values).href, expected);
  }
});

Deno.test("wireOptions gives each scheme its own, and no scheme what it has no use for", async () => {
  const args = ["--servername", "a", "--ws-header", "A: b"];
  const tls = { serverName: "a" };
  const headers = { A: "b" };
  const options: readonly (readonly [string, unknown])[] = [
    ["mqtt:", {}],
    ["tcp:", {}],
    ["mqtts:", { tls }],
    ["ssl:", { tls }],
    ["ws:", { headers }],
    ["wss:", { tls, headers }],
    ["unix:", {}],
    ["http:", {}],
  ];
  for (const [protocol, expected] of options) {
    const values = parse(args, SHARED);
    assertEquals(await wireOptions(values, protocol), expected, protocol);
  }
});
