import { assertEquals, assertStringIncludes } from "@std/assert";
import { answer } from "../../tools/serve.ts";

function get(path: string): Promise<Response> {
  return answer(new Request(`http://127.0.0.1:8000${path}`));
}

Deno.test("answer() labels each file as a module host does", async () => {
  for (
    const [path, type] of [
      ["/src/version.ts", "application/typescript; charset=utf-8"],
      ["/deno.json", "application/json; charset=utf-8"],
      ["/README.md", "text/markdown; charset=utf-8"],
      ["/LICENSE", "text/plain; charset=utf-8"],
    ] as const
  ) {
    const response = await get(path);
    assertEquals(response.status, 200);
    assertEquals(response.headers.get("content-type"), type);
    await response.body?.cancel();
  }
  assertStringIncludes(
    await (await get("/src/version.ts")).text(),
    "export const VERSION",
  );
});

Deno.test("answer() gives nothing from outside the folder, and no dot files", async () => {
  for (
    const path of [
      "/none.ts",
      "/src",
      "/.ci/run",
      "/.git/config",
      "/..%2f..%2fetc/passwd",
      "/src/..%5c..%5cetc",
    ]
  ) {
    const response = await get(path);
    assertEquals(response.status, 404, path);
    assertEquals(await response.text(), "not found\n");
  }
});
