// The repository by URL, served as a module host does: run from empty folders, with nothing cached,
// and with the least permissions. A registry is needed once, by the command line alone.

import { assert, assertEquals, assertMatch } from "@std/assert";
import { answer } from "../tools/serve.ts";
import { mosquittoTest } from "./support/mosquitto_tests.ts";
import { mosquittoSub } from "./support/mosquitto_clients.ts";

const LOOPBACK = "127.0.0.1";
const ROOT = new URL("../", import.meta.url);

mosquittoTest(
  "cli.ts by URL publishes: its first run needs a registry, later ones loopback alone",
  async (broker) => {
    await using host = serve();
    await using way = closedWay();
    await using subscriber = await mosquittoSub(broker, 5, {
      filters: ["by-url"],
      qos: 2,
      count: 2,
    });
    const publish = (message: string) => [
      ...["run", `--allow-net=${LOOPBACK}:${broker.tcp}`, `${host.url}/cli.ts`],
      ...["publish", "-h", LOOPBACK, "-p", `${broker.tcp}`, "-q", "2"],
      ...["-t", "by-url", "-m", message],
    ];

    // Nothing else can be seen of a way that is closed: whoever needs it fails.
    await using other = await emptyPlace();
    const cut = await deno(publish("never"), other, way.env);
    assertEquals(cut.code, 1, cut.stderr);
    const attempts = way.attempts;
    assert(attempts > 0, "nothing was asked of the registry");

    await using place = await emptyPlace();
    const first = await deno(publish("first"), place);
    assertEquals(first.code, 0, first.stderr);
    const second = await deno(publish("second"), place, way.env);
    assertEquals(second, { code: 0, stdout: "", stderr: "" });
    assertEquals(way.attempts, attempts);
    assertEquals(await subscriber.lines(), ["first", "second"]);
  },
);

mosquittoTest(
  "mod.ts by URL publishes and receives in a script elsewhere, and needs no registry at all",
  async (broker) => {
    await using host = serve();
    await using way = closedWay();
    await using place = await emptyPlace();
    await Deno.writeTextFile(
      `${place.folder}/script.ts`,
      `import { connect, type Message } from "${host.url}/mod.ts";

await using client = await connect("mqtt://${LOOPBACK}:${broker.tcp}");
const greetings = await client.subscribe("by-url", { qos: 1 });
await client.publish("by-url", "hello", { qos: 1 });
for await (const message of greetings) {
  console.log(line(message));
  await message.ack();
  break;
}

function line(message: Message): string {
  return \`\${message.topic} \${message.qos} \${message.text()}\`;
}
`,
    );
    const ran = await deno(
      [
        ...["run", "--quiet", "--check"],
        `--allow-import=${host.authority}`,
        `--allow-net=${LOOPBACK}:${broker.tcp}`,
        "script.ts",
      ],
      place,
      way.env,
    );
    assertEquals(ran, { code: 0, stdout: "by-url 1 hello\n", stderr: "" });
    assertEquals(way.attempts, 0);
  },
);

Deno.test({
  name:
    "cli.ts by URL tries itself out with a broker of its own: no permission, and later on no registry",
  timeout: 30_000,
  async fn() {
    await using host = serve();
    await using way = closedWay();
    await using place = await emptyPlace();
    const command = [
      ...["run", `${host.url}/cli.ts`],
      ...["test", "--embedded", "--count", "3", "--quiet"],
    ];
    const stdout = [1, 2, 3]
      .map((i) => `Topic: test/1, message: 'midge test message ${i}'\n`)
      .join("");
    const first = await deno(command, place);
    assertEquals([first.code, first.stdout], [0, stdout], first.stderr);
    const second = await deno(command, place, way.env);
    assertEquals(second, { code: 0, stdout, stderr: "" });
    assertEquals(way.attempts, 0);
  },
});

Deno.test({
  name:
    "testing.ts by URL gives a test its broker: no permission, and no registry at all",
  timeout: 30_000,
  async fn() {
    await using host = serve();
    await using way = closedWay();
    await using place = await emptyPlace();
    await Deno.writeTextFile(
      `${place.folder}/lamp_test.ts`,
      `import { Broker } from "${host.url}/testing.ts";

Deno.test("the lamp says that it is on", async () => {
  await using broker = new Broker();
  await using lamp = await broker.connect();
  await lamp.publish("lamp/state", "on", { retain: true });
  const [state] = await broker.seen("lamp/state");
  if (state?.text() !== "on") throw new Error("it is off");
});
`,
    );
    const { code, stdout, stderr } = await deno(
      ["test", `--allow-import=${host.authority}`, "lamp_test.ts"],
      place,
      way.env,
    );
    assertEquals(code, 0, stderr);
    assertMatch(stdout, /1 passed \| 0 failed/);
    assertEquals(way.attempts, 0);
  },
});

Deno.test({
  name: "deno task serve gives each module to deno, on the port it is told",
  timeout: 30_000,
  fn: serveTask,
});

async function serveTask(): Promise<void> {
  const task = new Deno.Command(Deno.execPath(), {
    args: ["task", "--quiet", "serve", "0"],
    cwd: ROOT,
    stdin: "null",
    stdout: "null",
    stderr: "piped",
  }).spawn();
  try {
    const url = await firstUrl(task.stderr);
    await using place = await emptyPlace();
    await using way = closedWay();
    const info = await deno(["info", `${url}mod.ts`], place, way.env);
    assertEquals(info.code, 0, info.stderr);
    assertMatch(info.stdout, /type: TypeScript\n/);
    assert(!info.stdout.includes("(missing)"), info.stdout);
  } finally {
    task.kill();
    await task.status;
  }
}

/** This repository behind a URL. */
function serve(): AsyncDisposable & { url: string; authority: string } {
  const server = Deno.serve(
    { hostname: LOOPBACK, port: 0, onListen: () => {} },
    answer,
  );
  const authority = `${LOOPBACK}:${server.addr.port}`;
  return {
    authority,
    url: `http://${authority}`,
    [Symbol.asyncDispose]: () => server.shutdown(),
  };
}

/** A way out of this machine that leads nowhere, and counts who tries it. */
interface ClosedWay extends AsyncDisposable {
  /** Sends all that is not for loopback this way. */
  readonly env: Readonly<Record<string, string>>;
  readonly attempts: number;
}

function closedWay(): ClosedWay {
  const listener = Deno.listen({ hostname: LOOPBACK, port: 0 });
  let attempts = 0;
  const accept = async () => {
    for await (const connection of listener) {
      attempts++;
      connection.close();
    }
  };
  const accepting = accept();
  const proxy = `http://${LOOPBACK}:${listener.addr.port}`;
  return {
    env: { HTTP_PROXY: proxy, HTTPS_PROXY: proxy, NO_PROXY: LOOPBACK },
    get attempts() {
      return attempts;
    },
    async [Symbol.asyncDispose]() {
      listener.close();
      await accepting;
    },
  };
}

/** A folder that is empty, and a cache that is. */
interface Place extends AsyncDisposable {
  readonly folder: string;
  readonly cache: string;
}

async function emptyPlace(): Promise<Place> {
  const folder = await Deno.makeTempDir({ prefix: "midge-by-url-" });
  const cache = await Deno.makeTempDir({ prefix: "midge-by-url-cache-" });
  return {
    folder,
    cache,
    async [Symbol.asyncDispose]() {
      await Deno.remove(folder, { recursive: true });
      await Deno.remove(cache, { recursive: true });
    },
  };
}

async function deno(
  args: readonly string[],
  { folder, cache }: Place,
  env: Readonly<Record<string, string>> = {},
): Promise<{ code: number; stdout: string; stderr: string }> {
  const { code, stdout, stderr } = await new Deno.Command(Deno.execPath(), {
    args: [...args],
    cwd: folder,
    // Deno itself would ask whether there is a newer one.
    env: { DENO_DIR: cache, DENO_NO_UPDATE_CHECK: "1", NO_COLOR: "1", ...env },
    stdin: "null",
  }).output();
  const decoder = new TextDecoder();
  return {
    code,
    stdout: decoder.decode(stdout),
    stderr: decoder.decode(stderr),
  };
}

/** The first URL of an output. */
async function firstUrl(output: ReadableStream<Uint8Array>): Promise<string> {
  let text = "";
  const decoder = new TextDecoder();
  for await (const part of output) {
    text += decoder.decode(part, { stream: true });
    const [url] = /http:\S+(?=\s)/.exec(text) ?? [];
    if (url !== undefined) return url;
  }
  throw new Error(`there is no URL in ${text}`);
}
