// What every server does with us over every wire: one list of behaviours. Both ends of each are clients of
// ours that go the same way; what other programs send and get is looked at in tests/interop.

import { assert, assertEquals, assertRejects } from "@std/assert";
import { equals } from "@std/bytes";
import {
  type Client,
  connect,
  ConnectError,
  type ConnectOptions,
  type Message,
} from "../../mod.ts";
import { take } from "./take.ts";

/** A server to test against, and the way to it. */
export interface InteropServer {
  readonly url: string;
  /** What the wire needs, and what the server asks for. */
  readonly options?: ConnectOptions;
}

/** Makes a test that has a server. */
export type RegisterInterop = (
  name: string,
  run: (server: InteropServer) => Promise<void>,
) => void;

/** Whom the server does not let in. */
export interface Stranger {
  readonly username: string;
  readonly password: string;
}

/** What a behaviour has at hand. */
interface Scene {
  /** One client after the other, to the same server by the same way. */
  readonly dial: (options?: ConnectOptions) => Promise<Client>;
  /** Nobody else's. */
  readonly topic: string;
  readonly protocolVersion: 4 | 5;
}

const KIB = 1 << 10;
const LARGE = KIB * KIB;
const BURST = 1_000;
const QOS = [0, 1, 2] as const;

/** "Bad user name or password" or "Not authorized": a server may say either. */
const REFUSALS = { 4: [4, 5], 5: [0x86, 0x87] } as const;

/** Registers the whole list. Left out, `stranger` says that the server looks at no password. */
export function interopTests(
  register: RegisterInterop,
  stranger?: Stranger,
): void {
  const behaviours = stranger === undefined ? BEHAVIOURS : {
    ...BEHAVIOURS,
    "connect() with a wrong password is refused": (scene: Scene) =>
      refuses(scene, stranger),
  };
  for (const protocolVersion of [4, 5] as const) {
    for (const [name, behave] of Object.entries(behaviours)) {
      register(
        `${name} under version ${protocolVersion}`,
        ({ url, options }) =>
          behave({
            dial: (more) =>
              connect(url, { ...options, ...more, protocolVersion }),
            topic: `interop/${crypto.randomUUID()}`,
            protocolVersion,
          }),
      );
    }
  }
}

const BEHAVIOURS: Readonly<Record<string, (scene: Scene) => Promise<void>>> = {
  async "connect() tells what was negotiated"({ dial, protocolVersion }) {
    const clientId = `interop${crypto.randomUUID().slice(0, 8)}`;
    await using client = await dial({ clientId });
    const { connection } = client;
    assertEquals(connection.protocolVersion, protocolVersion);
    assertEquals(connection.clientId, clientId);
    assertEquals(connection.sessionPresent, false);
  },

  async "publish() reaches subscribe() at each QoS, both ways"(
    { dial, topic },
  ) {
    await using one = await dial();
    await using other = await dial();
    for (const [from, to] of [[one, other], [other, one]] as const) {
      await using messages = await to.subscribe(topic, { qos: 2 });
      assertEquals(messages.granted, [2]);
      for (const qos of QOS) await from.publish(topic, `at ${qos}`, { qos });
      assertEquals(
        (await take(messages, 3)).map(plain),
        QOS.map((qos) => [topic, qos, false, `at ${qos}`]),
      );
    }
  },

  async "publish() keeps the order of a burst at each QoS"({ dial, topic }) {
    await using from = await dial();
    await using to = await dial();
    const lines = Array.from({ length: BURST }, (_, i) => `${i}`);
    for (const qos of QOS) {
      await using messages = await to.subscribe(topic, { qos });
      const published = lines.map((line) => from.publish(topic, line, { qos }));
      const taken = await take(messages, BURST);
      assertEquals(taken.map((message) => message.text()), lines);
      await Promise.all(published);
    }
  },

  async "publish() carries 1 MiB at each QoS, byte for byte"({ dial, topic }) {
    await using client = await dial();
    const messages = await client.subscribe(topic, { qos: 2 });
    const large = Uint8Array.from({ length: LARGE }, (_, i) => i * 7 + i / KIB);
    const publish = async () => {
      for (const qos of QOS) await client.publish(topic, large, { qos });
    };
    const [taken] = await Promise.all([take(messages, 3), publish()]);
    assertEquals(taken.map(({ qos }) => qos), [0, 1, 2]);
    for (const { payload } of taken) assert(equals(payload, large));
  },

  async "publish() with retain is kept until an empty one clears it"(
    { dial, topic },
  ) {
    await using client = await dial();
    await client.publish(topic, "kept", { qos: 1, retain: true });
    await using first = await dial();
    const kept = await first.subscribe(topic, { qos: 1 });
    assertEquals((await take(kept, 1)).map(plain), [[topic, 1, true, "kept"]]);
    await client.publish(topic, "", { qos: 1, retain: true });
    await using second = await dial();
    const live = await second.subscribe(topic, { qos: 1 });
    await client.publish(topic, "live", { qos: 1 });
    assertEquals((await take(live, 1)).map(plain), [[topic, 1, false, "live"]]);
  },

  async "close() leaves the will to the server, disconnect() takes it back"(
    { dial, topic },
  ) {
    await using watcher = await dial();
    const wills = await watcher.subscribe(topic, { qos: 2 });
    const leaving = await dial({ will: { topic, payload: "none" } });
    await leaving.disconnect();
    const dropped = await dial({ will: { topic, payload: "will", qos: 2 } });
    dropped.close();
    assertEquals((await take(wills, 1)).map(plain), [[
      topic,
      2,
      false,
      "will",
    ]]);
  },

  async "unsubscribe() ends the messages, and the loop behind what came before"(
    { dial, topic },
  ) {
    await using client = await dial();
    const messages = await client.subscribe(topic, { qos: 1 });
    const looping = Array.fromAsync(messages, (message) => message.text());
    await client.publish(topic, "before", { qos: 1 });
    await messages.unsubscribe();
    await client.publish(topic, "after", { qos: 1 });
    assertEquals(await looping, ["before"]);
  },

  async "disconnect() ends the loop in order, behind what was published"(
    { dial, topic },
  ) {
    await using watcher = await dial();
    const messages = await watcher.subscribe(topic, { qos: 1 });
    const client = await dial();
    const looping = (async () => {
      for await (const _ of client) { /* nothing comes */ }
    })();
    const published = client.publish(topic, "last", { qos: 1 });
    await client.disconnect();
    await looping;
    assertEquals(await client.closed, undefined);
    await published;
    assertEquals((await take(messages, 1)).map(plain), [
      [topic, 1, false, "last"],
    ]);
  },
};

async function refuses(
  { dial, protocolVersion }: Scene,
  stranger: Stranger,
): Promise<void> {
  const error = await assertRejects(() => dial({ ...stranger }), ConnectError);
  const { reasonCode, stage } = error;
  assert(
    REFUSALS[protocolVersion].some((code) => code === reasonCode),
    error.message,
  );
  assertEquals(stage, "connack");
}

/** What is compared of a message. */
function plain(message: Message): unknown[] {
  return [message.topic, message.qos, message.retain, message.text()];
}
