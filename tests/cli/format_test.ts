import { assertEquals } from "@std/assert";
import { classic, plain, RAW, verbose, VISIBLE } from "../../src/cli/format.ts";
import { formatted, message, printed } from "./memory_sink.ts";

Deno.test("The formats print the payload, the topic with it, or the old tool's line", async () => {
  const hello = message("test/1", "hello");
  assertEquals(await printed(plain(RAW), hello), "hello\n");
  assertEquals(await printed(verbose(RAW), hello), "test/1 hello\n");
  assertEquals(
    await printed(classic(RAW), hello),
    "Topic: test/1, message: 'hello'\n",
  );
});

Deno.test("RAW leaves every byte of a payload as it came", async () => {
  const bytes = Uint8Array.from({ length: 256 }, (_, byte) => byte);
  const line = await formatted(plain(RAW), message("a", bytes));
  assertEquals(line, new Uint8Array([...bytes, 0x0a]));
});

Deno.test("VISIBLE shows control characters of payload and topic, and forges no line", async () => {
  const hostile = message("a\n\x1bc", "\ufeff\x1b[2J\x9b1m\u202etxt\nb\tc");
  assertEquals(
    await printed(verbose(VISIBLE), hostile),
    "a\\x0a\\x1bc \ufeff\\x1b[2J\\x9b1m\\u202etxt\nb\tc\n",
  );
  assertEquals(
    await printed(plain(VISIBLE), message("a", new Uint8Array([0x9b, 0x41]))),
    "\ufffdA\n",
  );
});
