// The store in a real file: processes that are killed, full disks, folders that must not be written.

import { assert, assertEquals, assertRejects, assertThrows } from "@std/assert";
import { StoreError } from "../../src/errors.ts";
import { storeCases } from "../../src/store/conformance.ts";
import { denoFiles } from "../../src/store/deno_files.ts";
import { fileStore } from "../../src/store/file_store.ts";
import { LogStore } from "../../src/store/log_store.ts";
import type { Store } from "../../src/store/store.ts";
import { groupOf } from "./endless_writer.ts";
import { type Contents, put, sumOf, turn } from "./log_bench.ts";
import { maySmallDisk, smallDisk } from "./small_disk.ts";

const WRITER = new URL("endless_writer.ts", import.meta.url).pathname;

const KILLS = 10;

/** A folder that is gone when the test is over. */
async function folder(): Promise<{ path: string } & AsyncDisposable> {
  const path = await Deno.makeTempDir();
  return {
    path,
    [Symbol.asyncDispose]: () => Deno.remove(path, { recursive: true }),
  };
}

for (const durability of ["flush", "sync"] as const) {
  const base = await Deno.makeTempDir();
  const cases = storeCases((place) =>
    fileStore(`${base}/${place}`, { durability })
  );
  for (const { name, run } of cases) {
    Deno.test(`fileStore() with ${durability} ${name}`, run);
  }
  Deno.test.afterAll(() => Deno.remove(base, { recursive: true }));

  Deno.test(`fileStore() with ${durability} has what append() had taken when the process is killed`, async () => {
    await using place = await folder();
    for (let kill = 0; kill < KILLS; kill++) {
      const path = `${place.path}/${kill}`;
      const taken = await killedWriter(path, durability, kill * kill * 10);
      checkContents(await contentsOf(fileStore(path)), taken);
    }
  });
}

/** What a store holds, as texts. */
async function contentsOf(store: Store): Promise<Contents> {
  const contents: Record<number, string> = {};
  await store.open(({ key, value }) => {
    contents[key] = new TextDecoder("latin1").decode(value);
  });
  await store.close();
  return contents;
}

/** Kills a writer that has said `count`, and tells the last count that it said. */
async function killedWriter(
  path: string,
  durability: string,
  count: number,
): Promise<number> {
  await using writer = startWriter(path, durability);
  let said = "";
  for await (const text of writer.said) {
    said = said.slice(-20) + text;
    if (last(said) >= count) writer.kill();
  }
  return last(said);
}

/** The last number that stands in a text with its line's end. */
function last(said: string): number {
  return Number(
    said.slice(0, said.lastIndexOf("\n") + 1).trim().split("\n").at(-1),
  );
}

function startWriter(path: string, durability: string) {
  const child = new Deno.Command(Deno.execPath(), {
    args: ["run", "--allow-read", "--allow-write", WRITER, path, durability],
    stdout: "piped",
  }).spawn();
  let isAlive = true;
  const kill = () => {
    if (isAlive) child.kill("SIGKILL");
    isAlive = false;
  };
  return {
    said: child.stdout.pipeThrough(new TextDecoderStream()),
    kill,
    async [Symbol.asyncDispose]() {
      kill();
      await child.status;
    },
  };
}

/** All that was taken must be there; of the append under way its first changes may be. */
function checkContents(contents: Contents, taken: number): void {
  const changes = Array.from({ length: taken }, (_, number) => groupOf(number));
  const next = groupOf(taken);
  const allowed = Array.from(
    { length: next.length + 1 },
    (_, count) => sumOf([...changes.flat(), ...next.slice(0, count)]),
  );
  const texts = allowed.map((each) => JSON.stringify(each));
  if (texts.includes(JSON.stringify(contents))) return;
  assertEquals(contents, allowed[0]);
}

Deno.test("fileStore() belongs to one process at a time, and is free when that one is killed", async () => {
  await using place = await folder();
  const path = `${place.path}/store`;
  await using writer = startWriter(path, "flush");
  const said = writer.said.getReader();
  await said.read();
  const store = fileStore(path);
  const { fault, message } = await assertRejects(
    async () => await store.open(() => {}),
    StoreError,
  );
  assertEquals(fault, "in-use");
  assertEquals(
    message,
    `Cannot open the store ${path}: another client has it open`,
  );
  writer.kill();
  while (!(await said.read()).done);
  await store.open(() => {});
  await store.close();
});

Deno.test("fileStore() takes no option that is none, and no path that is none", () => {
  // deno-lint-ignore no-explicit-any -- What a caller without types may give.
  const make = fileStore as any;
  assertThrows(
    () => make("a", { durable: true }),
    TypeError,
    "no option durable",
  );
  assertThrows(
    () => make("a", { durability: "most" }),
    TypeError,
    '"flush" or "sync"',
  );
  assertThrows(() => make(""), TypeError, "the path");
  assertThrows(() => make(7), TypeError, "the path");
});

Deno.test("fileStore() takes no append while it is not open", async () => {
  await using place = await folder();
  const store = fileStore(`${place.path}/store`);
  const append = () => void store.append([put(1, "one")]);
  assertEquals(assertThrows(append, StoreError).fault, "closed");
  await store.open(() => {});
  append();
  await store.close();
  assertEquals(assertThrows(append, StoreError).fault, "closed");
});

Deno.test("fileStore() says that there is no such folder", async () => {
  await using place = await folder();
  await Deno.writeTextFile(`${place.path}/file`, "");
  for (const path of [`${place.path}/none/store`, `${place.path}/file/store`]) {
    const { fault, message } = await assertRejects(
      async () => await fileStore(path).open(() => {}),
      StoreError,
    );
    assertEquals(fault, "failed");
    assertEquals(
      message,
      `Cannot open the store ${path}: there is no such folder`,
    );
  }
});

Deno.test("fileStore() says that its path is a folder, and takes nothing from it", async () => {
  await using place = await folder();
  const { fault } = await assertRejects(
    async () => await fileStore(`${place.path}/`).open(() => {}),
    StoreError,
  );
  assertEquals(fault, "not-a-store");
});

Deno.test("fileStore() needs the folder and nothing else, and says what to permit", async () => {
  await using place = await folder();
  const program = `
    import { fileStore } from "${new URL(
    "../../src/store/file_store.ts",
    import.meta.url,
  )}";
    const store = fileStore("${place.path}/store", { durability: "sync" });
    try {
      await store.open(() => {});
      await store.append([{ key: 1, value: new Uint8Array(3) }]);
      await store.close();
      console.log("done");
    } catch (error) {
      console.log(error.name, error.fault, error.message);
    }`;
  const run = async (...flags: string[]) => {
    const child = new Deno.Command(Deno.execPath(), {
      args: ["run", "--no-prompt", ...flags, "-"],
      stdin: "piped",
      stdout: "piped",
    }).spawn();
    await new Response(program).body?.pipeTo(child.stdin);
    const { stdout } = await child.output();
    return new TextDecoder().decode(stdout);
  };
  const flags = [`--allow-read=${place.path}`, `--allow-write=${place.path}`];
  assertEquals(
    await run(),
    `StoreError forbidden Cannot open the store ${place.path}/store: Deno does not permit it; run again with --allow-read=${place.path}/ --allow-write=${place.path}/\n`,
  );
  assertEquals(await run(...flags), "done\n");
});

Deno.test("fileStore() has its file there again when somebody has removed it", async () => {
  await using place = await folder();
  const path = `${place.path}/store`;
  const store = fileStore(path);
  await store.open(() => {});
  await Deno.remove(path);
  const append = () => void store.append([put(1, "one")]);
  assertEquals(assertThrows(append, StoreError).fault, "removed");
  await until(() => exists(path));
  append();
  await store.close();
  assertEquals(await contentsOf(fileStore(path)), { 1: "one" });
});

async function exists(path: string): Promise<boolean> {
  return await Deno.stat(path).then(() => true, () => false);
}

/** Waits for what the store does in the background. */
async function until(holds: () => Promise<boolean>): Promise<void> {
  while (!await holds()) await turn();
}

const needsMount = maySmallDisk ? "" : " (needs the right to mount)";

Deno.test({
  name:
    `fileStore() says that the disk is full, and has all that it had taken${needsMount}`,
  ignore: !maySmallDisk,
  async fn() {
    await using disk = await smallDisk("1m");
    const path = `${disk.path}/store`;
    const store = fileStore(path);
    await store.open(() => {});
    const value = "x".repeat(10_000);
    const taken: number[] = [];
    const fill = () => {
      for (let key = taken.length;; key++) {
        void store.append([put(key, value)]);
        taken.push(key);
      }
    };
    const { fault, message } = assertThrows(fill, StoreError);
    assertEquals(fault, "full");
    assertEquals(
      message,
      `Cannot write to the store ${path}: no space is left`,
    );
    assert(taken.length > 80);
    // A small one still has room where the large one has left none of itself.
    await store.append([put(1_000, "small")]);
    await store.close();
    const contents = await contentsOf(fileStore(path));
    assertEquals(Object.keys(contents).map(Number), [...taken, 1_000]);
  },
});

Deno.test({
  name:
    `fileStore() says that the file system is read-only, and goes on when it is not${needsMount}`,
  ignore: !maySmallDisk,
  async fn() {
    await using disk = await smallDisk("1m");
    const path = `${disk.path}/store`;
    const store = fileStore(path);
    await disk.remount("ro");
    const { fault, message } = await assertRejects(
      async () => await store.open(() => {}),
      StoreError,
    );
    assertEquals(fault, "forbidden");
    assertEquals(
      message,
      `Cannot open the store ${path}: the file system is read-only`,
    );
    await disk.remount("rw");
    await store.open(() => {});
    await store.append([put(1, "one")]);
    await store.close();
    assertEquals(await contentsOf(fileStore(path)), { 1: "one" });
  },
});

Deno.test("A log that is written anew in a real file loses nothing, with appends all the while", async () => {
  await using place = await folder();
  const path = `${place.path}/store`;
  const options = { durability: "sync", garbageMax: 100_000 } as const;
  const store = new LogStore(denoFiles, path, options);
  await store.open(() => {});
  const appends = [];
  let [written, largest] = [0, 0];
  for (let number = 0; number < 3_000; number++) {
    const group = groupOf(number);
    written += group.reduce((sum, { value }) => sum + (value?.length ?? 0), 0);
    appends.push(store.append(group));
    if (number % 10 > 0) continue;
    await appends.at(-1);
    largest = Math.max(largest, (await Deno.stat(path)).size);
  }
  await Promise.all(appends);
  await store.close();
  assert(largest < written / 4, `it had ${largest} of ${written} bytes`);
  checkContents(await contentsOf(fileStore(path)), 3_000);
});

/** Starts one program after the other, and says when it has begun to. */
const STARTER = `
  new Deno.Command(Deno.execPath(), { args: ["--version"] }).outputSync();
  postMessage("begun");
  const command = new Deno.Command(Deno.execPath(), { args: ["--version"] });
  for (;;) command.outputSync();
`;

Deno.test({
  name:
    "fileStore() is one store by whichever path, and stays where it is when it is written anew",
  ignore: Deno.build.os === "windows",
  async fn() {
    await using place = await folder();
    const [home, link] = [`${place.path}/home`, `${place.path}/link`];
    Deno.symlinkSync(home, link);
    const options = { durability: "flush", garbageMax: 100 } as const;
    const store = new LogStore(denoFiles, link, options);
    await store.open(() => {});
    const { fault } = await assertRejects(
      async () => await fileStore(home).open(() => {}),
      StoreError,
    );
    assertEquals(fault, "in-use");
    for (let turn = 0; turn < 100; turn++) {
      await store.append([put(1, `${turn}`)]);
    }
    await store.close();
    assertEquals(Deno.readLinkSync(link), home);
    assertEquals(await contentsOf(fileStore(home)), { 1: "99" });
  },
});

Deno.test("fileStore() stays where it is when the process goes to another folder", async () => {
  await using place = await folder();
  const before = Deno.cwd();
  const options = { durability: "flush", garbageMax: 100 } as const;
  const store = new LogStore(denoFiles, "state.log", options);
  try {
    Deno.chdir(place.path);
    await store.open(() => {});
  } finally {
    Deno.chdir(before);
  }
  for (let turn = 0; turn < 100; turn++) {
    await store.append([put(1, `${turn}`)]);
  }
  await store.close();
  const path = `${place.path}/state.log`;
  assertEquals(await contentsOf(fileStore(path)), { 1: "99" });
  const { size } = await Deno.stat(path);
  assert(size < 2_000);
});

Deno.test("fileStore() that was closed opens at once, also while other programs are being started", async () => {
  await using place = await folder();
  const path = `${place.path}/store`;
  const url = `data:application/javascript,${encodeURIComponent(STARTER)}`;
  const starter = new Worker(url, { type: "module" });
  try {
    await new Promise((resolve) => starter.onmessage = resolve);
    for (let i = 0; i < 500; i++) {
      const store = fileStore(path);
      await store.open(() => {});
      await store.close();
    }
  } finally {
    starter.terminate();
  }
});
