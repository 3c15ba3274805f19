import { assertEquals } from "@std/assert";
import { escapeLine, escapeText } from "../../src/cli/terminal.ts";

Deno.test("escapeText shows escape sequences and keeps newlines and tabs", () => {
  assertEquals(
    escapeText("\x1b[2J\x1b]0;title\x07\tone\ntwo\r\x00\x7f"),
    "\\x1b[2J\\x1b]0;title\\x07\tone\ntwo\\x0d\\x00\\x7f",
  );
});

Deno.test("escapeText shows C1 controls, bidi overrides and line separators", () => {
  assertEquals(
    escapeText("\x9b2J \u202egnp.exe \u2066a\u2069 \u200f \u2028"),
    "\\x9b2J \\u202egnp.exe \\u2066a\\u2069 \\u200f \\u2028",
  );
});

Deno.test("escapeText leaves letters of all scripts and emoji sequences alone", () => {
  const text = "Grüße, שלום, 日本語, \u{1F468}\u200D\u{1F469}\u200D\u{1F467}";
  assertEquals(escapeText(text), text);
});

Deno.test("escapeLine leaves no way to begin another line", () => {
  assertEquals(escapeLine("a\nb\tc\r\u2029d"), "a\\x0ab\\x09c\\x0d\\u2029d");
});
