// Whether a run did what it was asked to: both ends have counted, and a figure with wrong counts is none.

import type { Counts } from "./sink.ts";
import type { Outcome, Task } from "./task.ts";

/** Throws where a side has not done its work whole. */
export function checkOutcome(task: Task, outcome: Outcome): void {
  expect("messages that the client has counted", outcome.messages, task.count);
  expect(
    "bytes that the client has counted",
    outcome.bytes,
    task.count * task.size,
  );
}

/** Throws where the sink has seen something else than the side. */
export function checkCounts(task: Task, counts: Counts): void {
  const { count, qos, size, work } = task;
  expect("protocol version", counts.protocolVersion, task.protocolVersion);
  if (work.startsWith("receive")) {
    expect("messages sent", counts.sent, count);
    expect("acknowledgements", counts.acknowledged, qos === 0 ? 0 : count);
    return;
  }
  const published = [0, 0, 0];
  published[qos] = count;
  // QoS 0 has no answer: a last message of QoS 1 shows that all before it have come.
  if (qos === 0 && work !== "round-trip") published[1] = 1;
  expect("messages by QoS", counts.published.join(), published.join());
  expect("bytes published", counts.publishedBytes, count * size);
  expect("PUBREL packets", counts.released, qos === 2 ? count : 0);
}

function expect<Value>(what: string, actual: Value, expected: Value): void {
  if (actual === expected) return;
  throw new Error(`Wrong counts: ${what}: ${actual}, not ${expected}`);
}
