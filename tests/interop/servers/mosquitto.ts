// Starts a mosquitto for the scenarios, and beside it another one that announces narrow limits. By hand:
//
//     deno run -A tests/interop/servers/mosquitto.ts

import { findMosquitto } from "../../support/mosquitto.ts";
import { runByHand } from "./by_hand.ts";
import { freePort, onFreePorts, ownFolder, Program } from "./program.ts";
import { ALICE, FORBIDDEN, type Server, type ServerKind } from "./server.ts";

/** Each limit that mosquitto can be told to announce. */
const LIMITS = [
  "max_inflight_messages 4",
  "max_packet_size 2000",
  "max_keepalive 30",
  "retain_available false",
];
const LISTENER_LIMITS = ["max_qos 1", "max_topic_alias 3"];

/** Mosquitto. */
export const mosquitto: ServerKind = {
  name: "mosquitto",
  package: "mosquitto mosquitto-clients",
  async start() {
    const executable = await findMosquitto();
    if (executable === undefined) return undefined;
    return await onFreePorts(() => start(executable));
  },
};

async function start(executable: string): Promise<Server> {
  await using stack = new AsyncDisposableStack();
  const { path: folder } = stack.use(await ownFolder(undefined));
  await writeUsers(folder);
  const [tcp, narrow] = [freePort(), freePort()] as const;
  const wide = {
    ...{ executable, folder, name: "wide" },
    port: tcp,
    config: [
      `listener ${tcp} 127.0.0.1`,
      "persistence true",
      `persistence_location ${folder}/`,
    ],
  };
  let program = await run(wide);
  stack.defer(() => program[Symbol.asyncDispose]());
  stack.use(
    await run({
      ...wide,
      name: "narrow",
      port: narrow,
      config: [
        ...LIMITS,
        `listener ${narrow} 127.0.0.1`,
        ...LISTENER_LIMITS,
      ],
    }),
  );
  const started = stack.move();
  return {
    name: "Mosquitto",
    version: program.said.match(/mosquitto version (\S+)/)?.[1] ?? "unknown",
    login: {},
    url: `mqtt://127.0.0.1:${tcp}`,
    // Its listener for WebSockets listens on every interface, whatever it is told.
    websocketUrl: undefined,
    limitedUrl: `mqtt://127.0.0.1:${narrow}`,
    async restart() {
      await program[Symbol.asyncDispose]();
      program = await run(wide);
    },
    log: () => program.said,
    [Symbol.asyncDispose]: () => started.disposeAsync(),
  };
}

interface Run {
  readonly executable: string;
  readonly folder: string;
  readonly name: string;
  readonly port: number;
  readonly config: readonly string[];
}

async function run(
  { executable, folder, name, port, config }: Run,
): Promise<Program> {
  const file = `${folder}/${name}.conf`;
  const lines = [
    "allow_anonymous true",
    `password_file ${folder}/passwords`,
    `acl_file ${folder}/acl`,
    "set_tcp_nodelay true",
    "max_queued_messages 0",
    "log_dest stderr",
    "log_type all",
    // Started by root, it would change to a user who cannot read the folder.
    ...(Deno.uid() === 0 ? ["user root"] : []),
    ...config,
  ];
  await Deno.writeTextFile(file, lines.join("\n") + "\n");
  const program = await Program.start({
    ...{ executable, args: ["-c", file], folder, ready: / running/ },
    user: undefined,
  });
  await program.listens([port]);
  return program;
}

/** A password file, and who may do what. A pattern is for those who have a name, too. */
async function writeUsers(folder: string): Promise<void> {
  const { username, password } = ALICE;
  const { success, stderr } = await new Deno.Command("mosquitto_passwd", {
    args: ["-b", "-c", `${folder}/passwords`, username, password],
    stdout: "null",
    stderr: "piped",
  }).output();
  if (!success) throw new Error(new TextDecoder().decode(stderr));
  await Deno.chmod(`${folder}/passwords`, 0o644);
  await Deno.writeTextFile(
    `${folder}/acl`,
    `pattern readwrite #\npattern deny ${FORBIDDEN}/#\n`,
  );
}

if (import.meta.main) await runByHand(mosquitto);
