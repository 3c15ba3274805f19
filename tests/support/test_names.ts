// Prints the names of the tests that files register, as JSON: a list for each file. Nothing is run. It is a
// program of its own, since a file's tests can be had once only.
//
//     deno run -A tests/support/test_names.ts tests/topic/name_test.ts ...

const ROOT = new URL("../../", import.meta.url);

let names: string[] = [];

function register(...args: unknown[]): void {
  for (const arg of args) {
    if (typeof arg === "string") return void names.push(arg);
    if (typeof arg === "object" && arg !== null && "name" in arg) {
      return void names.push(`${arg.name}`);
    }
  }
}

const nothing = () => {};

Object.assign(Deno, {
  test: Object.assign(register, {
    ignore: nothing,
    only: register,
    beforeAll: nothing,
    beforeEach: nothing,
    afterEach: nothing,
    afterAll: nothing,
  }),
});

const found: Record<string, string[]> = {};
for (const path of Deno.args) {
  names = [];
  await import(new URL(path, ROOT).href);
  found[path] = names;
}
console.log(JSON.stringify(found));
// What the files have opened for their tests is nobody's now.
Deno.exit(0);
