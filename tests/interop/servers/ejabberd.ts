// Starts an ejabberd with mod_mqtt alone for the scenarios: no XMPP, and no distribution of Erlang, so that no epmd is
// needed. By hand:
//
//     deno run -A tests/interop/servers/ejabberd.ts

import { runByHand } from "./by_hand.ts";
import {
  firstFile,
  foldersIn,
  freePort,
  onFreePorts,
  ownFolder,
  Program,
  userOf,
} from "./program.ts";
import { ALICE, ALLOWED, type Server, type ServerKind } from "./server.ts";

const READY = /ready: ejabberd (\S+)/;

/** ejabberd. */
export const ejabberd: ServerKind = {
  name: "ejabberd",
  package: "ejabberd",
  async start() {
    const libraries = await findLibraries();
    if (libraries === undefined) return undefined;
    return await onFreePorts(() => start(libraries));
  },
};

/** Debian has it in the folder of the machine's architecture. */
async function findLibraries(): Promise<string | undefined> {
  for (const folder of await foldersIn("/usr/lib", "")) {
    const homes = await foldersIn(folder, "ejabberd-");
    const module = await firstFile(
      homes.map((home) => `${home}/ebin/mod_mqtt.beam`),
    );
    if (module !== undefined) return folder;
  }
  return undefined;
}

async function start(libraries: string): Promise<Server> {
  await using stack = new AsyncDisposableStack();
  const user = await userOf("ejabberd");
  const { path: folder } = stack.use(await ownFolder(user));
  const [tcp, ws] = [freePort(), freePort()];
  const file = `${folder}/ejabberd.yml`;
  await Deno.writeTextFile(file, configuration({ tcp, ws }));
  const run = async () => {
    const program = await Program.start({
      executable: "erl",
      args: [
        "-noinput",
        ...["-mnesia", "dir", `"${folder}/mnesia"`],
        ...["-s", "ejabberd"],
        ...["-eval", registration()],
      ],
      env: {
        HOME: folder,
        ERL_LIBS: libraries,
        ERL_CRASH_DUMP: `${folder}/crash`,
        EJABBERD_CONFIG_PATH: file,
        EJABBERD_LOG_PATH: `${folder}/ejabberd.log`,
      },
      ...{ folder, user, ready: READY },
    });
    await program.listens([tcp, ws]);
    return program;
  };
  let program = await run();
  stack.defer(() => program[Symbol.asyncDispose]());
  const version = program.said.match(READY)?.[1];
  const started = stack.move();
  return {
    name: "ejabberd",
    version: version ?? "unknown",
    login: ALICE,
    url: `mqtt://127.0.0.1:${tcp}`,
    websocketUrl: `ws://127.0.0.1:${ws}/mqtt`,
    limitedUrl: undefined,
    async restart() {
      await program[Symbol.asyncDispose]();
      program = await run();
    },
    log: () => program.said,
    [Symbol.asyncDispose]: () => started.disposeAsync(),
  };
}

/** Erlang that makes the user, if it is not the second start, and says that all is ready. */
function registration(): string {
  const { username, password } = ALICE;
  return `ejabberd_auth:try_register(<<"${username}">>, <<"localhost">>, ` +
    `<<"${password}">>), {ok, Version} = application:get_key(ejabberd, vsn), ` +
    `io:format("ready: ejabberd ~s~n", [Version]).`;
}

function configuration({ tcp, ws }: { tcp: number; ws: number }): string {
  // One rule that allows is enough, so that there must be none for what is forbidden.
  const access = ALLOWED.map((level) => `\n      "${level}/#": all`).join("");
  return `hosts:
  - localhost
loglevel: info
auth_method: internal
listen:
  -
    module: mod_mqtt
    ip: "127.0.0.1"
    port: ${tcp}
  -
    module: ejabberd_http
    ip: "127.0.0.1"
    port: ${ws}
    request_handlers:
      /mqtt: mod_mqtt
modules:
  mod_mqtt:
    max_queue: infinity
    access_publish:${access}
    access_subscribe:${access}
`;
}

if (import.meta.main) await runByHand(ejabberd);
