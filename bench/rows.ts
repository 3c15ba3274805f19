// The table of what is measured, against whom, and the goal of each.

import type { Job, Work } from "./task.ts";

/** One of the two that are compared. */
export interface Contender {
  /** As it is called in the tables. */
  readonly label: string;
  /** Its file in sides/. */
  readonly program: string;
  readonly protocolVersion: 4 | 5;
}

/** A line of the table. */
export interface Row {
  readonly name: string;
  readonly job: Job;
  readonly midge: Contender;
  readonly peer: Contender;
  /** What midge's figure by the peer's is to be; undefined where nothing was set. */
  readonly goal: number | undefined;
}

const MIDGE_5: Contender = {
  label: "MQTT 5",
  program: "midge.ts",
  protocolVersion: 5,
};
const MIDGE_4: Contender = {
  label: "MQTT 3.1.1",
  program: "midge.ts",
  protocolVersion: 4,
};
const MIDGE_CODEC: Contender = {
  label: "midge",
  program: "codec.ts",
  protocolVersion: 5,
};
const MQTT_JS: Contender = {
  label: "MQTT.js",
  program: "mqttjs.mjs",
  protocolVersion: 4,
};
const MQTT_PACKET: Contender = {
  label: "mqtt-packet",
  program: "mqtt_packet.mjs",
  protocolVersion: 5,
};
const BARE: Contender = {
  label: "bare Deno",
  program: "bare.ts",
  protocolVersion: 4,
};
const MIDGE_IMPORT: Contender = {
  label: "midge",
  program: "start_import.ts",
  protocolVersion: 5,
};
const MQTT_JS_IMPORT: Contender = {
  label: "MQTT.js",
  program: "start_import.mjs",
  protocolVersion: 4,
};
const MIDGE_COMMAND: Contender = {
  label: "midge",
  program: "../../cli.ts",
  protocolVersion: 5,
};
const MQTT_JS_COMMAND: Contender = {
  label: "MQTT.js",
  program: "start_publish.mjs",
  protocolVersion: 4,
};
const MOSQUITTO_PUB: Contender = {
  label: "mosquitto_pub",
  program: "mosquitto_pub",
  protocolVersion: 4,
};

type Line = readonly [
  name: string,
  work: Work,
  qos: Job["qos"],
  size: number,
  window: number,
  goal?: number,
];

// The goals of QoS 0 are for 10,000 messages under way; MQTT.js does better with 1,000, so that is told as well.
const AGAINST_MQTT_JS: readonly Line[] = [
  ["publish-qos0-16B-sync", "publish-sync", 0, 16, 10_000, 50],
  ["publish-qos0-16B-sync-1000", "publish-sync", 0, 16, 1_000],
  ["publish-qos0-16B-awaited", "publish-awaited", 0, 16, 1, 30],
  ["publish-qos0-1KiB-sync", "publish-sync", 0, 1_024, 10_000, 9],
  ["publish-qos0-1KiB-sync-1000", "publish-sync", 0, 1_024, 1_000],
  ["publish-qos0-1KiB-awaited", "publish-awaited", 0, 1_024, 1, 6],
  ["publish-qos1-awaited", "publish-awaited", 1, 16, 1],
  ["publish-qos1-20", "publish-window", 1, 16, 20, 8],
  ["publish-qos1-100", "publish-window", 1, 16, 100, 20],
  ["publish-qos1-1000", "publish-window", 1, 16, 1_000, 45],
  ["publish-qos1-burst-1000", "publish-burst", 1, 16, 1_000],
  ["publish-qos2-100", "publish-window", 2, 16, 100, 40],
  ["publish-qos2-1000", "publish-window", 2, 16, 1_000, 70],
  ["receive-qos0-16B-loop", "receive-loop", 0, 16, 0, 20],
  ["receive-qos0-16B-batches", "receive-batches", 0, 16, 0, 40],
  ["receive-qos0-16B-callback", "receive-callback", 0, 16, 0, 40],
  ["receive-qos0-1KiB-loop", "receive-loop", 0, 1_024, 0, 7],
  ["receive-qos1-20", "receive-loop", 1, 16, 20, 9],
  ["receive-qos1-1000", "receive-loop", 1, 16, 1_000, 70],
];

const AGAINST_A_BARE_CONNECTION: readonly Line[] = [
  ["round-trip", "round-trip", 0, 16, 1, 1.1],
];

const AGAINST_OUR_OWN_3_1_1: readonly Line[] = [
  ["mqtt5-publish-qos0", "publish-sync", 0, 16, 10_000, 0.9],
  ["mqtt5-publish-qos1-100", "publish-window", 1, 16, 100, 0.9],
  ["mqtt5-receive-qos0", "receive-loop", 0, 16, 0, 0.9],
];

const AGAINST_MQTT_PACKET: readonly Line[] = [
  ["codec-decode", "decode", 0, 16, 1_000, 15],
  ["codec-encode", "encode", 0, 16, 1_000, 20],
  ["codec-encode-parts", "encode-parts", 0, 16, 1_000],
];

// An empty script is taken off the import: the goals are 6 ms, and 30 ms for a whole publish.
const OF_A_SCRIPT: readonly Line[] = [
  ["start-import", "start-import", 0, 0, 0, 0.2],
];

const OF_A_COMMAND: readonly Line[] = [
  ["start-publish", "start-publish", 0, 5, 1, 0.25],
];

const OF_A_COMMAND_IN_C: readonly Line[] = [
  ["start-publish-mosquitto", "start-publish", 0, 5, 1],
];

/** Every row, in the order in which they are run. */
export const ROWS: readonly Row[] = [
  // MQTT.js speaks 3.1.1 where it is not told otherwise, and the bytes are to be the same on both sides.
  ...rows(AGAINST_MQTT_JS, { ...MIDGE_4, label: "midge" }, MQTT_JS),
  ...rows(AGAINST_A_BARE_CONNECTION, { ...MIDGE_4, label: "midge" }, BARE),
  ...rows(AGAINST_OUR_OWN_3_1_1, MIDGE_5, MIDGE_4),
  ...rows(AGAINST_MQTT_PACKET, MIDGE_CODEC, MQTT_PACKET),
  ...rows(OF_A_SCRIPT, MIDGE_IMPORT, MQTT_JS_IMPORT),
  ...rows(OF_A_COMMAND, MIDGE_COMMAND, MQTT_JS_COMMAND),
  ...rows(OF_A_COMMAND_IN_C, MIDGE_COMMAND, MOSQUITTO_PUB),
];

/** The rows that have one of the words for a name or, where no row has it, as a part of theirs; all where there is no word. */
export function chooseRows(words: readonly string[]): readonly Row[] {
  if (words.length === 0) return ROWS;
  const names = new Set(ROWS.map(({ name }) => name));
  return ROWS.filter(({ name }) =>
    words.some((word) => names.has(word) ? word === name : name.includes(word))
  );
}

/** Whether a contender's program runs on Node. */
export function runsOnNode({ program }: Contender): boolean {
  return program.endsWith(".mjs");
}

/** Whether the work goes through the sink. */
export function needsSink({ work }: Job): boolean {
  return !/^(encode|decode|start-import)/.test(work);
}

/** Whether the figure is the time of whole processes. */
export function isStart({ work }: Job): boolean {
  return work.startsWith("start-");
}

/** Whether the figure is a time, and the smaller one the better. */
export function isTime(job: Job): boolean {
  return job.work === "round-trip" || isStart(job);
}

function rows(
  lines: readonly Line[],
  midge: Contender,
  peer: Contender,
): Row[] {
  return lines.map(([name, work, qos, size, window, goal]) => ({
    name,
    job: { work, qos, size, window },
    midge,
    peer,
    goal,
  }));
}
