// Starts a RabbitMQ with its MQTT plugin for the scenarios: no AMQP, and all of Erlang's distribution on loopback. By
// hand:
//
//     deno run -A tests/interop/servers/rabbitmq.ts

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
import { ALICE, FORBIDDEN, type Server, type ServerKind } from "./server.ts";

const HOMES = "/usr/lib/rabbitmq/lib";

/** RabbitMQ. */
export const rabbitmq: ServerKind = {
  name: "rabbitmq",
  package: "rabbitmq-server",
  async start() {
    const homes = await foldersIn(HOMES, "rabbitmq_server-");
    const executable = await firstFile(
      homes.map((home) => `${home}/sbin/rabbitmq-server`).reverse(),
    );
    if (executable === undefined) return undefined;
    return await onFreePorts(() => start(executable));
  },
};

async function start(executable: string): Promise<Server> {
  await using stack = new AsyncDisposableStack();
  const user = await userOf("rabbitmq");
  const { path: folder } = stack.use(await ownFolder(user));
  const [tcp, ws, epmd, distribution] = [
    ...[freePort(), freePort(), freePort(), freePort()],
  ] as const;
  await writeConfiguration(folder, { tcp, ws });
  // Erlang's own would be left behind as a daemon that listens on every interface.
  stack.use(
    await Program.start({
      executable: "epmd",
      args: ["-address", "127.0.0.1", "-port", `${epmd}`, "-d"],
      ...{ folder, user, ready: /epmd running/ },
    }),
  );
  const run = async () => {
    const program = await Program.start({
      ...{ executable, args: [], folder, user },
      env: environment(folder, { epmd, distribution }),
      ready: /Server startup complete/,
    });
    await program.listens([tcp, ws]);
    return program;
  };
  let program = await run();
  stack.defer(() => program[Symbol.asyncDispose]());
  const started = stack.move();
  return {
    name: "RabbitMQ",
    version: executable.match(/rabbitmq_server-([^/]+)/)?.[1] ?? "unknown",
    login: {},
    url: `mqtt://127.0.0.1:${tcp}`,
    websocketUrl: `ws://127.0.0.1:${ws}/ws`,
    limitedUrl: undefined,
    async restart() {
      await program[Symbol.asyncDispose]();
      program = await run();
    },
    log: () => program.said,
    [Symbol.asyncDispose]: () => started.disposeAsync(),
  };
}

/** Nothing is read or written outside of the folder, and nobody is listened to but on loopback. */
function environment(
  folder: string,
  { epmd, distribution }: { epmd: number; distribution: number },
): Record<string, string> {
  return {
    HOME: folder,
    ERL_EPMD_ADDRESS: "127.0.0.1",
    ERL_EPMD_PORT: `${epmd}`,
    ERL_FLAGS: "-kernel inet_dist_use_interface {127,0,0,1}",
    RABBITMQ_DIST_PORT: `${distribution}`,
    RABBITMQ_NODENAME: "midge@localhost",
    RABBITMQ_CONF_ENV_FILE: `${folder}/none`,
    RABBITMQ_CONFIG_FILE: `${folder}/rabbitmq.conf`,
    RABBITMQ_ADVANCED_CONFIG_FILE: `${folder}/none.config`,
    RABBITMQ_ENABLED_PLUGINS_FILE: `${folder}/enabled_plugins`,
    RABBITMQ_GENERATED_CONFIG_DIR: `${folder}/generated`,
    RABBITMQ_MNESIA_BASE: `${folder}/mnesia`,
    RABBITMQ_LOG_BASE: `${folder}/log`,
    RABBITMQ_LOGS: "-",
    RABBITMQ_PID_FILE: `${folder}/pid`,
  };
}

async function writeConfiguration(
  folder: string,
  { tcp, ws }: { tcp: number; ws: number },
): Promise<void> {
  const config = [
    "listeners.tcp = none",
    `mqtt.listeners.tcp.1 = 127.0.0.1:${tcp}`,
    "web_mqtt.tcp.ip = 127.0.0.1",
    `web_mqtt.tcp.port = ${ws}`,
    "mqtt.allow_anonymous = true",
    `mqtt.default_user = ${NOBODY.name}`,
    `mqtt.default_pass = ${NOBODY.password}`,
    // The other store, its default, forgets them with the server.
    "mqtt.retained_message_store = rabbit_mqtt_retained_msg_store_dets",
    `load_definitions = ${folder}/definitions.json`,
    "log.console.level = info",
  ];
  await Promise.all([
    Deno.writeTextFile(`${folder}/rabbitmq.conf`, config.join("\n") + "\n"),
    Deno.writeTextFile(
      `${folder}/enabled_plugins`,
      "[rabbitmq_mqtt,rabbitmq_web_mqtt].\n",
    ),
    Deno.writeTextFile(
      `${folder}/definitions.json`,
      JSON.stringify(definitions()),
    ),
  ]);
}

/** Who comes without a name is this user to RabbitMQ. */
const NOBODY = { name: "nobody", password: "nothing" };

function definitions(): unknown {
  const users = [NOBODY, { name: ALICE.username, password: ALICE.password }];
  const all = { vhost: "/", configure: ".*", write: ".*", read: ".*" };
  const allowed = `^(?!${FORBIDDEN}).*`;
  return {
    vhosts: [{ name: "/" }],
    users: users.map((user) => ({ ...user, tags: "" })),
    permissions: users.map(({ name }) => ({ ...all, user: name })),
    topic_permissions: users.map(({ name }) => ({
      ...{ user: name, vhost: "/", exchange: "amq.topic" },
      ...{ write: allowed, read: allowed },
    })),
  };
}

if (import.meta.main) await runByHand(rabbitmq);
