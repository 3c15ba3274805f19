// From arguments to values: each way in which a flag parser can lose data has its line here.

import { assertEquals, assertThrows } from "@std/assert";
import { PUBLISH } from "../../src/cli/publish_options.ts";
import { SHARED } from "../../src/cli/shared_options.ts";
import { SUBSCRIBE } from "../../src/cli/subscribe_options.ts";
import { TEST } from "../../src/cli/test_options.ts";
import { longName, type Option } from "../../src/cli/option.ts";
import { parse, type ParseSettings } from "../../src/cli/parse.ts";
import { UsageError } from "../../src/cli/usage_error.ts";

const TABLES = {
  publish: { ...PUBLISH, ...SHARED },
  subscribe: { ...SUBSCRIBE, ...SHARED },
  test: { ...TEST, ...SHARED },
};

/** The values that are given: no switch that is off, no empty list. */
function given(
  command: keyof typeof TABLES,
  args: readonly string[],
  settings?: ParseSettings,
): Record<string, unknown> {
  const { mqtt5Option: _, spellings: __, ...values } = parse(
    args,
    TABLES[command],
    settings,
  );
  return Object.fromEntries(
    Object.entries(values).filter(([, value]) =>
      value !== undefined && value !== false &&
      !(Array.isArray(value) && value.length === 0)
    ),
  );
}

const READ: readonly [
  keyof typeof TABLES,
  readonly string[],
  Record<string, unknown>,
][] = [
  // A value is the next argument, whatever it looks like.
  ["publish", ["-m", "-5"], { message: "-5" }],
  ["publish", ["-m", "--help"], { message: "--help" }],
  ["publish", ["-m", "--"], { message: "--" }],
  ["publish", ["--message", "-x"], { message: "-x" }],
  ["publish", ["-m", ""], { message: "" }],
  ["publish", ["--message="], { message: "" }],
  ["publish", ["-m", "a=b"], { message: "a=b" }],
  ["publish", ["--message=a=b"], { message: "a=b" }],
  ["publish", ["-m", "two\nlines "], { message: "two\nlines " }],
  // A value that may be left out stands behind an equals sign.
  ["test", ["--reconnect"], { reconnect: Infinity }],
  ["test", ["--reconnect=3"], { reconnect: 3 }],
  ["test", ["--no-reconnect"], { noReconnect: true }],
  // Text stays text.
  ["publish", ["-m", "0x10"], { message: "0x10" }],
  ["publish", ["-m", "007"], { message: "007" }],
  ["publish", ["-m", "1e3"], { message: "1e3" }],
  ["publish", ["-m", "true"], { message: "true" }],
  ["publish", ["-i", "42"], { clientId: "42" }],
  // Letters with their value attached, and in bundles.
  ["subscribe", ["-W2.5s"], { timeout: 2_500 }],
  ["subscribe", ["-W", "2.5s"], { timeout: 2_500 }],
  ["subscribe", ["-W=2.5"], { timeout: 2_500 }],
  ["subscribe", ["--timeout", "500ms"], { timeout: 500 }],
  ["subscribe", ["-vd"], { verbose: true, debug: true }],
  ["subscribe", ["-dvta/#"], { debug: true, verbose: true, topic: ["a/#"] }],
  ["publish", ["-rq1"], { retain: true, qos: 1 }],
  ["publish", ["-mhello=1"], { message: "hello=1" }],
  // Repeated options: lists keep all, in order; of others the last one holds.
  ["publish", ["-t", "a", "--topic", "b", "-tc", "--topic=d"], {
    topic: ["a", "b", "c", "d"],
  }],
  ["publish", ["-t", "", "-t", "b"], { topic: ["", "b"] }],
  ["publish", ["-q", "1", "-q", "2"], { qos: 2 }],
  // Underscores are dashes; the old tools' and mosquitto's spellings work.
  ["publish", [
    "--will_topic",
    "w",
    "--will_qos",
    "1",
    "--will_retain",
    "1",
    "--will_message",
    "gone",
  ], { willTopic: "w", willQos: 1, willRetain: true, willMessage: "gone" }],
  ["publish", ["--will_retain", "0"], {}],
  ["publish", ["-w", "w", "--will-retain", "--will-payload", "gone"], {
    willTopic: "w",
    willRetain: true,
    willMessage: "gone",
  }],
  ["publish", ["--will-retain=1"], { willRetain: true }],
  ["publish", ["--will-retain", "-m", "1"], { willRetain: true, message: "1" }],
  ["publish", ["--id", "me", "--keepalive", "9"], {
    clientId: "me",
    keepalive: 9,
  }],
  ["publish", ["--pw", "s"], { password: "s" }],
  ["publish", ["--disable-clean-session"], { noClean: true }],
  ["test", ["--topic_p", "a", "--topic_s", "b"], { topicP: "a", topicS: "b" }],
  ["test", ["-t", "a", "-s", "b"], { topicP: "a", topicS: "b" }],
  // -h is help where no host can follow.
  ["publish", ["-h"], { help: true }],
  ["publish", ["-h", "-t", "a"], { help: true, topic: ["a"] }],
  ["publish", ["-h", "server"], { host: "server" }],
  ["publish", ["-hserver"], { host: "server" }],
  ["publish", ["-H", "server"], { host: "server" }],
  ["subscribe", ["-vh"], { verbose: true, help: true }],
  ["subscribe", ["-vh", "server"], { verbose: true, host: "server" }],
  ["publish", ["--help"], { help: true }],
  // A server without an option in front.
  ["publish", ["mqtt://server/"], { url: "mqtt://server/" }],
  ["publish", ["-L", "mqtt://server"], { url: "mqtt://server" }],
  ["publish", ["-m", "mqtt://server"], { message: "mqtt://server" }],
  ["test", ["server"], { host: "server" }],
  ["test", ["mqtt://server"], { url: "mqtt://server" }],
  ["test", ["--", "-server"], { host: "-server" }],
  ["test", ["unix:/run/a"], { url: "unix:/run/a" }],
  // Wires, also as mosquitto's tools spell them.
  ["publish", ["--insecure"], { insecure: "host-name" }],
  ["publish", ["--insecure", "-m", "name"], {
    insecure: "host-name",
    message: "name",
  }],
  ["publish", ["--insecure=name"], { insecure: "host-name" }],
  ["publish", ["--insecure", "everything"], { insecure: "everything" }],
  ["publish", ["--insecure=everything"], { insecure: "everything" }],
  ["publish", ["--insecure=0"], {}],
  ["publish", ["--tls-use-os-certs"], { tls: true }],
  ["publish", ["--tls-alpn", "a", "--alpn", "b"], { alpn: ["a", "b"] }],
  ["publish", ["--server_name", "a"], { servername: "a" }],
  ["publish", ["--ws_header", "A: b", "--ws-header=C:d"], {
    wsHeader: ["A: b", "C:d"],
  }],
  // Switches may be told off.
  ["publish", ["--retain=false"], {}],
  ["publish", ["--retain=true"], { retain: true }],
  // Protocol versions in all their spellings.
  ...["5", "5.0", "mqttv5", "v5", "MQTTv5"].map(version(5)),
  ...["3.1.1", "311", "mqttv311", "4"].map(version(4)),
  ...["3.1", "31", "mqttv31", "3"].map(version(3)),
  // Times.
  ["publish", ["-x", "90"], { sessionExpiry: 90 }],
  ["publish", ["-x", "1h"], { sessionExpiry: 3_600 }],
  ["publish", ["-x", "never"], { sessionExpiry: 0xFFFFFFFF }],
  ["publish", ["--connect-timeout", "1.5m"], { connectTimeout: 90_000 }],
];

function version(level: 3 | 4 | 5) {
  return (spelling: string): typeof READ[number] => [
    "publish",
    ["-V", spelling],
    { protocolVersion: level },
  ];
}

for (const [command, args, expected] of READ) {
  Deno.test(`parse reads ${command} ${JSON.stringify(args)}`, () => {
    assertEquals(given(command, args, positional(command)), expected);
  });
}

const REFUSED: readonly [keyof typeof TABLES, readonly string[], string][] = [
  ["publish", ["-m"], "option -m needs a value: -m TEXT"],
  ["publish", ["-t", "a", "--message"], "option --message needs a value"],
  ["publish", ["-rm"], "option -m needs a value"],
  ["publish", ["-H"], "option -H needs a value"],
  ["publish", ["--topc", "x"], "unknown option --topc. Did you mean --topic?"],
  [
    "publish",
    ["--mesage=x"],
    "unknown option --mesage. Did you mean --message?",
  ],
  [
    "publish",
    ["--wil_topic", "x"],
    "unknown option --wil_topic. Did you mean --will-topic?",
  ],
  ["publish", ["--frobnicate", "x"], "unknown option --frobnicate"],
  ["publish", ["-Z"], "unknown option -Z"],
  ["publish", ["-rZ"], "unknown option -Z"],
  ["publish", ["--__proto__=1"], "unknown option --__proto__"],
  ["publish", ["--constructor"], "unknown option --constructor"],
  ["publish", ["--a.b=1"], "unknown option --a.b"],
  ["publish", ["-r=x"], "option -r takes no value"],
  ["publish", ["--retain=maybe"], "option --retain takes no value"],
  [
    "publish",
    ["-m", "two", "words"],
    'unexpected argument "words". A value with spaces needs quotes',
  ],
  ["publish", ["-r", "1"], 'unexpected argument "1"'],
  ["publish", ["-"], 'unexpected argument "-"'],
  ["test", ["one", "two"], 'unexpected argument "two"'],
  ["publish", ["-p", "0x10"], "option -p needs a whole number from 1 to 65535"],
  ["publish", ["-p", "0"], "option -p needs a whole number"],
  ["publish", ["-p", "65536"], "option -p needs a whole number"],
  ["publish", ["-p", "1e3"], "option -p needs a whole number"],
  ["publish", ["-p", ""], "option -p needs a whole number"],
  ["publish", ["-k", "-1"], "option -k needs a whole number from 0 to 65535"],
  ["publish", ["-q", "3"], 'option -q needs 0, 1 or 2, not "3"'],
  ["publish", ["--qos="], "option --qos needs 0, 1 or 2"],
  ["publish", ["-V", "6"], "option -V needs 5, 3.1.1 or 3.1"],
  ["publish", ["-V", "constructor"], "option -V needs 5, 3.1.1 or 3.1"],
  ["publish", ["-H", "mqtt://a"], "a URL goes with --url"],
  ["publish", ["-x", "1.5"], "option -x needs whole seconds"],
  ["subscribe", ["-W", "0"], "option -W needs a time"],
  ["subscribe", ["-W", "soon"], "option -W needs a time"],
  ["subscribe", ["-W", "30d"], "option -W needs a time"],
  ["subscribe", ["-C", "0"], "option -C needs a whole number from 1"],
  ["publish", ["--will_retain", "2"], 'unexpected argument "2"'],
  ["publish", ["--will-retain=2"], "option --will-retain needs 0 or 1"],
  [
    "publish",
    ["-L", "mqtt://a", "-H", "b"],
    "-L and -H contradict each other",
  ],
  ["publish", ["-p", "1", "mqtt://a"], "-p and --url contradict each other"],
  ["publish", ["-m", "a", "-n"], "-m and -n contradict each other"],
  ["publish", ["--tls", "--no-tls"], "--tls and --no-tls contradict"],
  ["publish", ["--insecure", "--no-tls"], "--insecure and --no-tls contradict"],
  ...["-Ha", "-p1", "-Lws://a", "--tls", "--no-tls", "--alpn=a", "--ws-path=/"]
    .map((other): typeof REFUSED[number] => [
      "publish",
      ["--unix", "/a", other],
      "contradict each other",
    ]),
  ["publish", ["--insecure=all"], "needs name or everything"],
  ["publish", ["--insecure", "all"], 'unexpected argument "all"'],
  ["publish", ["--cafile", ""], "option --cafile needs a path"],
  ["publish", ["--unix="], "option --unix needs a path"],
  ["publish", ["--servername", "a b"], "needs the name of a host"],
  ["publish", ["--alpn", ""], "needs the name of a protocol"],
  ["publish", ["-H", "/run/a"], "a socket goes with --unix"],
  ["publish", ["-H", "unix:/run/a"], "a socket goes with --unix"],
  ["publish", ["--tsl"], "unknown option --tsl. Did you mean --tls?"],
  ["publish", ["--ca-file=a"], "Did you mean --cafile?"],
  ["publish", ["-l", "-f", "a"], "-l and -f contradict each other"],
  ["publish", ["-P", "a", "--ask-password"], "contradict each other"],
  ["publish", ["-i", "a", "-I", "b"], "-i and -I contradict each other"],
  ["subscribe", ["-v", "--json"], "-v and --json contradict each other"],
  ["test", ["--reconnect=0"], "--reconnect needs a number of attempts"],
  ["test", ["--reconnect=soon"], "--reconnect needs a number of attempts"],
  ["test", ["--reconnect", "--no-reconnect"], "contradict each other"],
];

for (const [command, args, message] of REFUSED) {
  Deno.test(`parse refuses ${command} ${JSON.stringify(args)}`, () => {
    assertThrows(
      () => parse(args, TABLES[command], positional(command)),
      UsageError,
      message,
    );
  });
}

function positional(command: keyof typeof TABLES): ParseSettings {
  return command === "test" ? { positional: "host" } : {};
}

Deno.test("parse has no spelling that stands for two options of a command", () => {
  for (const table of Object.values(TABLES)) {
    const spellings = Object.entries<Option>(table).flatMap(([key, option]) => [
      `--${longName(key)}`,
      ...(option.aliases ?? []).map((alias) => `--${alias}`),
      ...[...option.letters ?? ""].map((letter) => `-${letter}`),
    ]);
    assertEquals(spellings, [...new Set(spellings)]);
  }
});

Deno.test("parse takes a variable where the option is not given", () => {
  const variables = variablesOf({
    MIDGE_HOST: "server",
    MIDGE_WILL_TOPIC: "w",
    MIDGE_TOPIC: "from/variable",
    MIDGE_RETAIN: "1",
    MIDGE_DEBUG: "0",
    MIDGE_QOS: "",
  });
  assertEquals(given("publish", ["-q", "1"], { variables }), {
    host: "server",
    willTopic: "w",
    topic: ["from/variable"],
    retain: true,
    qos: 1,
  });
  assertEquals(given("publish", ["-t", "a", "-h", "b"], { variables }), {
    host: "b",
    willTopic: "w",
    topic: ["a"],
    retain: true,
  });
});

Deno.test("parse ignores a variable that an argument contradicts", () => {
  const variables = variablesOf({ MIDGE_URL: "mqtt://a", MIDGE_PORT: "7" });
  assertEquals(given("publish", [], { variables }), { url: "mqtt://a" });
  assertEquals(given("publish", ["-p", "9"], { variables }), { port: 9 });
  assertEquals(given("publish", ["-H", "b"], { variables }), {
    host: "b",
    port: 7,
  });
});

Deno.test("parse ignores a variable of one wire where an argument names another", () => {
  const variables = variablesOf({ MIDGE_UNIX: "/a", MIDGE_CAFILE: "f" });
  assertEquals(given("publish", [], { variables }), { unix: "/a" });
  assertEquals(given("publish", ["-p", "9"], { variables }), {
    port: 9,
    cafile: "f",
  });
  assertEquals(given("publish", ["--no-tls"], { variables }), { noTls: true });
});

Deno.test("parse names the variable whose value is wrong", () => {
  const variables = variablesOf({ MIDGE_PORT: "many" });
  assertThrows(
    () => parse([], TABLES.publish, { variables }),
    UsageError,
    'option MIDGE_PORT needs a whole number from 1 to 65535, not "many"',
  );
});

Deno.test("parse takes no help from a variable", () => {
  const variables = variablesOf({ MIDGE_HELP: "1", MIDGE_VERSION: "5" });
  assertEquals(given("publish", [], { variables }), {});
});

function variablesOf(
  values: Record<string, string>,
): (name: string) => string | undefined {
  return (name) => values[name];
}

Deno.test("parse tells how each option was spelled", () => {
  const variables = variablesOf({ MIDGE_CAFILE: "f", MIDGE_PORT: "9" });
  const args = ["-p1", "--will_topic=w", "-t", "a", "--topic", "b"];
  const { spellings } = parse(args, TABLES.publish, { variables });
  assertEquals(Object.fromEntries(spellings), {
    port: "-p",
    willTopic: "--will_topic",
    topic: "--topic",
    cafile: "MIDGE_CAFILE",
  });
});

Deno.test("parse tells how an option that needs MQTT 5 was spelled", () => {
  const spellings: readonly (readonly [readonly string[], string?])[] = [
    [["-t", "a", "-V", "5", "-c"]],
    [["-x", "1"], "-x"],
    [["--session_expiry=1"], "--session_expiry"],
    [["-D", "connect a b"], "-D"],
    [["--user-property", "a=b"], "--user-property"],
    [["--no-local"], "--no-local"],
    [["--retain-as-published"], "--retain-as-published"],
    [["--retain-handling", "1"], "--retain-handling"],
  ];
  for (const [args, spelling] of spellings) {
    assertEquals(parse(args, TABLES.subscribe).mqtt5Option, spelling);
  }
  const variables = (name: string) =>
    name === "MIDGE_SESSION_EXPIRY" ? "1" : undefined;
  assertEquals(
    parse([], TABLES.subscribe, { variables }).mqtt5Option,
    "MIDGE_SESSION_EXPIRY",
  );
});
