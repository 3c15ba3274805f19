// Clients whose store is on a disk that is full or must not be written, with a real mosquitto: a publish that the
// disk has no room for is refused unsent, and whatever was accepted arrives.

import { assert, assertEquals, assertRejects } from "@std/assert";
import {
  type Client,
  connect,
  ConnectError,
  type ConnectOptions,
  fileStore,
  type StatusEvent,
  StoreError,
} from "../../mod.ts";
import {
  maySmallDisk,
  type SmallDisk,
  smallDisk,
} from "../store/small_disk.ts";
import { turn } from "../store/log_bench.ts";
import { findMosquitto } from "../support/mosquitto.ts";
import { RestartedMosquitto } from "../support/restarted_mosquitto.ts";
import { take } from "../support/take.ts";
import { listen } from "./listen.ts";

const TIMEOUT_MS = 30_000;

const QOS = [1, 2] as const;

/** A server, a small disk, and the store that is on it. */
interface Scene {
  readonly broker: RestartedMosquitto;
  readonly disk: SmallDisk;
  readonly path: string;
  /** A client with the store. */
  connect(options?: ConnectOptions): Promise<Client>;
  /** Gathers all that arrives, from now on. */
  arrivals(): Promise<Arrivals>;
}

/** What has arrived, in its order. */
interface Arrivals extends AsyncDisposable {
  /** All texts of this QoS. */
  of(qos: 1 | 2): readonly string[];
  /** Resolves when all that was published is here. */
  whole(): Promise<void>;
}

const executable = await findMosquitto();
const canRun = executable !== undefined && maySmallDisk;

/** `Deno.test` with a disk of so many bytes; ignored, saying why, where it cannot be had. */
function diskTest(
  name: string,
  size: string,
  run: (scene: Scene) => Promise<void>,
): void {
  Deno.test({
    name: canRun ? name : `${name} (needs mosquitto and the right to mount)`,
    ignore: !canRun,
    timeout: TIMEOUT_MS,
    async fn() {
      await using broker = new RestartedMosquitto({
        executable: executable ?? "",
        persistence: true,
      });
      await broker.start();
      await using disk = await smallDisk(size);
      const path = `${disk.path}/state.log`;
      await run({
        broker,
        disk,
        path,
        connect: (options) => connectWith(broker, path, options),
        arrivals: () => gather(broker),
      });
    },
  });
}

function connectWith(
  broker: RestartedMosquitto,
  path: string,
  options: ConnectOptions = {},
): Promise<Client> {
  return connect(broker.url, {
    clientId: "small",
    cleanStart: false,
    reconnect: { initialMs: 10, maxMs: 50 },
    store: fileStore(path),
    ...options,
  });
}

async function gather(broker: RestartedMosquitto): Promise<Arrivals> {
  const texts: Record<1 | 2, string[]> = { 1: [], 2: [] };
  const ends: (() => void)[] = [];
  const client = await connect(broker.url, {
    clientId: "gatherer",
    cleanStart: false,
    reconnect: { initialMs: 10, maxMs: 50 },
    ack: "receipt",
    onMessage: (message) => {
      if (message.topic === "disk/end") ends.shift()?.();
      else if (message.qos > 0) {
        texts[message.qos === 1 ? 1 : 2].push(message.text());
      }
    },
  });
  await client.subscribe("disk/+", { qos: 2 });
  return {
    of: (qos) => texts[qos],
    async whole() {
      const { promise, resolve } = Promise.withResolvers<void>();
      ends.push(resolve);
      await client.publish("disk/end", "", { qos: 2 });
      await promise;
    },
    [Symbol.asyncDispose]: () => client.disconnect(),
  };
}

/** What was published until the disk was full. */
interface Filled {
  readonly accepted: Readonly<Record<1 | 2, readonly string[]>>;
  /** Resolves when all of it is settled. */
  readonly settled: Promise<unknown>;
  readonly refused: readonly StoreError[];
}

/** Publishes, one each turn, until the store has refused a few. */
async function publishUntilFull(client: Client): Promise<Filled> {
  const accepted: Record<1 | 2, string[]> = { 1: [], 2: [] };
  const refused: StoreError[] = [];
  const settled: Promise<unknown>[] = [];
  for (let number = 0; refused.length < 5; number++) {
    for (const qos of QOS) {
      const text = `${number}`;
      const before = refused.length;
      const published = client.publish(`disk/${qos}`, text, { qos }).catch(
        (error) => {
          if (!(error instanceof StoreError)) throw error;
          refused.push(error);
        },
      );
      await turn();
      if (refused.length > before) continue;
      accepted[qos].push(text);
      settled.push(published);
    }
  }
  return { accepted, settled: Promise.all(settled), refused };
}

function checkRefused(refused: readonly StoreError[], path: string): void {
  for (const { fault, delivery, message } of refused) {
    assertEquals([fault, delivery], ["full", "not-sent"]);
    assert(
      message.endsWith(`Cannot write to the store ${path}: no space is left`),
      message,
    );
  }
}

function isFailingStore(event: StatusEvent): boolean {
  return event.type === "retry-failed" && event.error instanceof ConnectError &&
    event.error.cause instanceof StoreError;
}

/** Every accepted message is there once, in order, and no other is. */
async function checkArrivals(
  arrivals: Arrivals,
  { accepted }: Filled,
): Promise<void> {
  await arrivals.whole();
  for (const qos of QOS) assertEquals(arrivals.of(qos), accepted[qos]);
}

diskTest(
  "A client on a small disk publishes on and on, as what has arrived takes no room for long",
  "64k",
  async (scene) => {
    await using arrivals = await scene.arrivals();
    await using client = await scene.connect();
    const status = listen(client);
    const texts = Array.from({ length: 200 }, (_, number) => `${number}`);
    for (const text of texts) {
      await Promise.all(
        QOS.map((qos) => client.publish(`disk/${qos}`, text, { qos })),
      );
    }
    await arrivals.whole();
    for (const qos of QOS) assertEquals(arrivals.of(qos), texts);
    assertEquals(status, []);
  },
);

diskTest(
  "What a full disk has no room for is refused unsent, and all that was accepted arrives once there is room",
  "64k",
  async ({ broker, disk, path, ...scene }) => {
    await using arrivals = await scene.arrivals();
    await using client = await scene.connect();
    await broker.stop();
    const filled = await publishUntilFull(client);
    checkRefused(filled.refused, path);
    const status = listen(client);
    await broker.start();
    // Each attempt tries the store first.
    while (!status.some(isFailingStore)) await turn();
    await disk.remount("size=1m");
    await filled.settled;
    await checkArrivals(arrivals, filled);
    await client.publish("disk/other", "", { qos: 2 });
  },
);

diskTest(
  "The next process on a disk with room sends all that was accepted, and nothing that was refused",
  "64k",
  async ({ broker, disk, ...scene }) => {
    await using arrivals = await scene.arrivals();
    const first = await scene.connect();
    await broker.stop();
    const filled = await publishUntilFull(first);
    first.close();
    await assertRejects(() => filled.settled);
    assertEquals((await first.closed)?.message, "the client was closed");
    await broker.start();
    await disk.remount("size=1m");
    await using second = await scene.connect();
    const { queued = 0, published = 0, released } = second.restored ?? {};
    const { 1: atLeastOnce, 2: exactlyOnce } = filled.accepted;
    assertEquals(
      [queued + published, released],
      [atLeastOnce.length + exactlyOnce.length, 0],
    );
    await second.disconnect();
    await checkArrivals(arrivals, filled);
  },
);

diskTest(
  "connect() rejects with a StoreError where the disk has no room for a store, and connects when it has",
  "64k",
  async ({ disk, path, ...scene }) => {
    const filling = await disk.fill();
    const error = await assertRejects(() => scene.connect(), StoreError);
    assertEquals(
      [error.fault, error.message],
      ["full", `Cannot open the store ${path}: no space is left`],
    );
    await filling[Symbol.asyncDispose]();
    await using client = await scene.connect();
    await client.publish("disk/1", "1", { qos: 1 });
  },
);

diskTest(
  "connect() rejects with a StoreError where the disk is read-only, and loses nothing that is there",
  "1m",
  async ({ broker, disk, path, ...scene }) => {
    await using arrivals = await scene.arrivals();
    const first = await scene.connect();
    await broker.stop();
    while (first.connected) await turn();
    first.publish("disk/2", "kept", { qos: 2 }).catch(() => {});
    await turn();
    first.close();
    await first.closed;
    await broker.start();
    await disk.remount("ro");
    const error = await assertRejects(() => scene.connect(), StoreError);
    assertEquals(
      [error.fault, error.message],
      [
        "forbidden",
        `Cannot open the store ${path}: the file system is read-only`,
      ],
    );
    await disk.remount("rw");
    await using second = await scene.connect();
    await second.disconnect();
    await arrivals.whole();
    assertEquals(arrivals.of(2), ["kept"]);
  },
);

diskTest(
  "An incoming message of QoS 2 is neither acknowledged nor lost while the disk has no room to own it, and is handed out once",
  "64k",
  async ({ broker, disk, path, ...scene }) => {
    const first = await scene.connect();
    await first.disconnect();
    // The room that the store holds is somebody else's by now.
    await Deno.truncate(`${path}.lock`);
    const filling = await disk.fill();
    await using client = await scene.connect();
    const messages = await client.subscribe("disk/in", { qos: 2 });
    const status = listen(client);
    const texts = Array.from({ length: 500 }, (_, number) => `${number}`);
    const taken = take(messages, texts.length);
    await using publisher = await connect(broker.url);
    await Promise.all(
      texts.map((text) => publisher.publish("disk/in", text, { qos: 2 })),
    );
    while (!status.some(isFailingStore)) await turn();
    await filling[Symbol.asyncDispose]();
    assertEquals((await taken).map((message) => message.text()), texts);
  },
);
