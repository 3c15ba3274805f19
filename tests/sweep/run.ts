// One cut of a link to a real broker, with messages under way in both directions, and what became of them.

import {
  type Client,
  connect,
  type ProtocolVersion,
  type QoS,
} from "../../mod.ts";
import { Arrivals, payloadOf } from "./arrivals.ts";
import { type Cut, startCuttingProxy } from "./cutting_proxy.ts";

/** How many messages of each QoS go each way. */
const MESSAGES = 20;

/** A run that takes longer hangs. */
const HUNG_MS = 20_000;

/** One cut. */
export interface Scenario extends Cut {
  readonly protocolVersion: ProtocolVersion;
}

/** What became of the messages. */
export interface Outcome {
  readonly scenario: Scenario;
  /** Whether the offset lay within what was said. */
  readonly isCut: boolean;
  /** What is wrong, a line each: lost, doubled, out of order, rejected or hung. */
  readonly faults: readonly string[];
  /** How many messages of QoS 1 came more than once, as they may. */
  readonly repeated: number;
  /** The packets of the client, a line each. */
  readonly trace: readonly string[];
}

/** How a scenario is named on the command line, and in a failure. */
export function scenarioName(scenario: Scenario): string {
  const { protocolVersion, direction, offset, by } = scenario;
  return `${protocolVersion}:${direction}:${offset}:${by}`;
}

/** Lets 20 messages of QoS 1 and 20 of QoS 2 go each way through a proxy that cuts the link once. */
export async function run(
  serverPort: number,
  scenario: Scenario,
): Promise<Outcome> {
  const { protocolVersion } = scenario;
  const name = crypto.randomUUID().slice(0, 8);
  const clientId = `cut-${name}`;
  const faults: string[] = [];
  const trace: string[] = [];
  await using proxy = await startCuttingProxy(serverPort, scenario);
  const observer = await connect(`mqtt://127.0.0.1:${serverPort}`, {
    protocolVersion,
    clientId: `observer-${name}`,
  });
  const there = new Arrivals("sent by the client", MESSAGES);
  const back = new Arrivals("sent to the client", MESSAGES);
  let client: Client | undefined;
  const hanging = new AbortController();
  const hung = hanging.signal;
  const timer = setTimeout(() => hanging.abort(), HUNG_MS);
  try {
    const sent = await observer.subscribe(`${name}/there`, { qos: 2 });
    const reading = there.read(sent);
    client = await connect(`mqtt://127.0.0.1:${proxy.port}`, {
      protocolVersion,
      clientId,
      cleanStart: false,
      reconnect: { initialMs: 1, maxMs: 20, retryFirst: true },
      signal: hung,
      debug: (line) => trace.push(line),
    });
    const received = await client.subscribe(`${name}/back`, {
      qos: 2,
      signal: hung,
    });
    const both = Promise.all([
      publishAll(client, `${name}/there`, faults, hung),
      publishAll(observer, `${name}/back`, faults, hung),
      reading,
      back.read(received),
    ]);
    await Promise.race([both, over(hung)]);
  } catch (error) {
    faults.push(hung.aborted ? "hung" : String(error));
  } finally {
    clearTimeout(timer);
    client?.close();
    await observer.disconnect();
    await forget(serverPort, { clientId, protocolVersion });
  }
  const { isCut } = proxy;
  faults.push(...there.faults(), ...back.faults());
  const repeated = there.repeated + back.repeated;
  return { scenario, isCut, faults, repeated, trace };
}

/** Publishes as fast as it can, and when all is settled, a last message of each QoS. */
async function publishAll(
  client: Client,
  topic: string,
  faults: string[],
  signal: AbortSignal,
): Promise<void> {
  const publish = async (qos: QoS, number: number) => {
    try {
      await client.publish(topic, payloadOf(qos, number), { qos, signal });
    } catch (error) {
      faults.push(`rejected: QoS ${qos} number ${number}: ${error}`);
    }
  };
  const publishes: Promise<void>[] = [];
  for (let number = 0; number < MESSAGES; number++) {
    publishes.push(publish(1, number), publish(2, number));
  }
  await Promise.all(publishes);
  await Promise.all([publish(1, MESSAGES), publish(2, MESSAGES)]);
}

function over(signal: AbortSignal): Promise<never> {
  return new Promise((_, reject) => {
    signal.addEventListener("abort", () => reject(signal.reason), {
      once: true,
    });
  });
}

/** Leaves nothing behind on the server: it would keep the session of each run. */
async function forget(
  serverPort: number,
  options: { clientId: string; protocolVersion: ProtocolVersion },
): Promise<void> {
  const url = `mqtt://127.0.0.1:${serverPort}`;
  const client = await connect(url, { ...options, reconnect: false });
  await client.disconnect();
}
