// The exact flags of each wire: a script with no more than these connects, and one without them is told
// which they are.

import { assert, assertEquals, assertStringIncludes } from "@std/assert";
import {
  type Certificates,
  hasOpenssl,
  makeCertificates,
} from "../support/certificates.ts";
import {
  findMosquitto,
  type SecureMosquitto,
  startSecureMosquitto,
} from "../support/mosquitto.ts";

const REQUIRED = Deno.env.get("REQUIRE_BROKERS") === "1";
const MOD = new URL("../../mod.ts", import.meta.url).href;
const executable = await hasOpenssl() ? await findMosquitto() : undefined;

/** What a user's script would be; its options come as JSON. */
const SCRIPT = `
const { connect } = await import(${JSON.stringify(MOD)});
const [url, options] = JSON.parse(Deno.args[0]);
try {
  await using client = await connect(url, options);
  await client.publish("permissions", "x", { qos: 1 });
  console.log("done");
} catch (error) {
  console.log(error.name + ": " + error.message);
}
`;

type Way = (
  broker: SecureMosquitto,
  certificates: Certificates,
) => [url: string, options: unknown, flags: string];

const WIRES: Readonly<Record<string, Way>> = {
  "mqtt:": ({ tcp }) => [
    `mqtt://localhost:${tcp}`,
    {},
    `--allow-net=localhost:${tcp}`,
  ],
  "mqtts:": ({ tls }, { ca }) => [
    `mqtts://127.0.0.1:${tls}`,
    { tls: { caCerts: ca } },
    `--allow-net=127.0.0.1:${tls}`,
  ],
  "mqtts: with a client certificate": ({ mtls }, { ca, alice }) => [
    `mqtts://127.0.0.1:${mtls}`,
    { tls: { caCerts: ca, ...alice } },
    `--allow-net=127.0.0.1:${mtls}`,
  ],
  "mqtts: with nothing checked": ({ tls }) => [
    `mqtts://127.0.0.1:${tls}`,
    { tls: { insecure: "everything" } },
    `--allow-net=127.0.0.1:${tls}`,
  ],
  "unix:": ({ unix }) => [
    `unix:${unix}`,
    {},
    `--allow-net=unix:${unix} --allow-read=${unix} --allow-write=${unix}`,
  ],
};

Deno.test({
  name: "connect() needs just the flags that it names where they are missing",
  ignore: executable === undefined && !REQUIRED,
  timeout: 60_000,
  async fn(t) {
    assert(executable, "No mosquitto or openssl, and REQUIRE_BROKERS=1");
    await using certificates = await makeCertificates();
    await using broker = await startSecureMosquitto(executable, certificates);
    for (const [name, way] of Object.entries(WIRES)) {
      await t.step(name, async () => {
        const [url, options, flags] = way(broker, certificates);
        assertEquals(await run(flags.split(" "), url, options), "done\n");
        const denied = await run([], url, options);
        assertStringIncludes(denied, "ConnectError: Cannot connect to ");
        assertStringIncludes(denied, `run again with ${flags}\n`);
      });
    }
  },
});

async function run(
  flags: readonly string[],
  url: string,
  options: unknown,
): Promise<string> {
  const script = `data:text/javascript,${encodeURIComponent(SCRIPT)}`;
  const { stdout, stderr } = await new Deno.Command(Deno.execPath(), {
    args: [
      ...["run", "--no-prompt", "--no-config", "--no-check", ...flags],
      ...[script, JSON.stringify([url, options])],
    ],
    stdin: "null",
  }).output();
  const decoder = new TextDecoder();
  return decoder.decode(stdout) || decoder.decode(stderr);
}
