import { assertEquals, assertMatch, assertThrows } from "@std/assert";
import { RAW, VISIBLE } from "../../src/cli/format.ts";
import { formatString } from "../../src/cli/format_string.ts";
import { UsageError } from "../../src/cli/usage_error.ts";
import { formatted, message, printed } from "./memory_sink.ts";

const MESSAGE = message("a/b", '"hi"', {
  qos: 1,
  retain: true,
  packetId: 7,
  properties: {
    contentType: "text/plain",
    correlationData: new Uint8Array([0x78, 0xff]),
    messageExpiryInterval: 60,
    payloadFormatIndicator: 1,
    responseTopic: "r",
    subscriptionIdentifiers: [3, 4],
    userProperties: [["k", "v"], ["k2", "v2"]],
  },
});

/** The line of the message without its end. */
async function line(format: string): Promise<string> {
  const text = await printed(formatString(format, RAW), MESSAGE);
  assertEquals(text.at(-1), "\n");
  return text.slice(0, -1);
}

Deno.test("formatString knows each letter of mosquitto_sub", async () => {
  assertEquals(
    await line("%t|%p|%q|%r|%m|%l|%x|%X|%%"),
    'a/b|"hi"|1|1|7|4|22686922|22686922|%',
  );
  assertEquals(
    await line("%A|%C|%E|%F|%P|%R|%S"),
    "|text/plain|60|1|k:v k2:v2|r|3 4",
  );
  assertMatch(await line("%I"), /^\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d[+-]\d{4}$/);
  assertMatch(await line("%U"), /^\d{10}\.\d{9}$/);
  const { payload, qos } = JSON.parse(await line("%j"));
  assertEquals({ payload, qos }, { payload: '"hi"', qos: 1 });
  assertEquals(JSON.parse(await line("%J")).payload, "hi");
});

Deno.test("formatString pads and cuts", async () => {
  assertEquals(
    await line("[%5t][%-5t][%.2t][%5.1t][%05l][%-5l][%2p][%6p][%.2p][%10x]"),
    '[  a/b][a/b  ][a/][    a][00004][4    ]["hi"][  "hi"]["h][  22686922]',
  );
});

Deno.test("formatString knows times, escapes and text", async () => {
  const year = String(new Date().getFullYear());
  assertMatch(await line("@Y|@@"), new RegExp(`^(${year}|${+year + 1})\\|@$`));
  assertEquals(
    await line("a\\\\\\0\\a\\e\\n\\r\\t\\vü\u{1F600}"),
    "a\\\0\x07\x1b\n\r\t\vü\u{1F600}",
  );
  assertEquals(await line(""), "");
});

Deno.test("formatString leaves the bytes of payload and correlation data as they are", async () => {
  const bytes = Uint8Array.from({ length: 256 }, (_, byte) => byte);
  const format = formatString("%p%D", { ...RAW, end: "" });
  const received = message("a", bytes, {
    properties: { correlationData: bytes },
  });
  assertEquals(
    await formatted(format, received),
    new Uint8Array([...bytes, ...bytes]),
  );
});

Deno.test("formatString shows a terminal nothing that it obeys, but for what the user asked for", async () => {
  const hostile = message("a\x1b", "b\x1b", {
    properties: {
      contentType: "c\x1b",
      responseTopic: "d\x1b",
      correlationData: new Uint8Array([0x65, 0x1b]),
      userProperties: [["f\x1b", "g\n"]],
    },
  });
  const format = formatString("\\e%t %p %C %R %D %P", VISIBLE);
  assertEquals(
    await printed(format, hostile),
    "\x1ba\\x1b b\\x1b c\\x1b d\\x1b e\\x1b f\\x1b:g\\x0a\n",
  );
});

Deno.test("formatString refuses what stands for nothing, or has no end", () => {
  const wrong: readonly [string, string][] = [
    ["%M", "the format has %M, which stands for nothing"],
    ["%5.3z", "the format has %5.3z, which stands for nothing"],
    ["@!", "the format has @!, which stands for nothing"],
    ["\\q", "the format has \\q, which stands for nothing"],
    ["%constructor", "the format has %c, which stands for nothing"],
    ["%t %", "the format ends behind %"],
    ["%-5", "the format ends behind %-5"],
    ["@", "the format ends behind @"],
    ["a\\", "the format ends behind \\"],
  ];
  for (const [format, what] of wrong) {
    assertThrows(() => formatString(format, RAW), UsageError, what);
  }
});
