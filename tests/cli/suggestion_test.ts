import { assertEquals } from "@std/assert";
import { suggestion } from "../../src/cli/suggestion.ts";

const NAMES = ["--topic", "--host", "--port", "--will-topic", "-t", "-p"];

Deno.test("suggestion finds the name with a letter missing, added, changed or swapped", () => {
  for (const typed of ["--topc", "--topiic", "--tobic", "--tpoic"]) {
    assertEquals(suggestion(typed, NAMES), ". Did you mean --topic?");
  }
});

Deno.test("suggestion is silent where nothing is near", () => {
  for (const typed of ["--frobnicate", "--x", "-z", "--"]) {
    assertEquals(suggestion(typed, NAMES), "");
  }
});
