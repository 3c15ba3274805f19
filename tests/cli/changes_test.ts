// Each change of a client in its line, and what is not worth one.

import { assertEquals } from "@std/assert";
import { ChangeLines } from "../../src/cli/changes.ts";
import {
  ConnectError,
  ConnectionLostError,
  type StatusEvent,
  SubscribeError,
} from "../../mod.ts";

const LOST = {
  type: "lost",
  error: new ConnectionLostError(
    "The connection to a:1883 was lost: the server closed it",
  ),
  attempt: 1,
  retryInMs: 449,
} as const satisfies StatusEvent;

const ROWS: readonly [StatusEvent, string | undefined][] = [
  [
    LOST,
    "the connection to a:1883 was lost: the server closed it; retry 1 in 0.4 s",
  ],
  [
    {
      type: "retry-failed",
      error: new ConnectError("Cannot connect to a:1883: connection refused"),
      attempt: 3,
      retryInMs: 59_600,
    },
    "cannot connect to a:1883: connection refused; retry 3 in 60 s",
  ],
  [
    {
      type: "back",
      awayMs: 12_000,
      sessionPresent: true,
      filtersRestored: 2,
    },
    "back after 12 s: session resumed, 2 filters restored",
  ],
  [
    {
      type: "back",
      awayMs: 150_000,
      sessionPresent: false,
      filtersRestored: 1,
    },
    "back after 3 min: a new session, 1 filter restored",
  ],
  [
    {
      type: "back",
      awayMs: 36_000_000,
      sessionPresent: true,
      filtersRestored: 0,
    },
    "back after 10 h: session resumed",
  ],
  [
    { type: "session-lost", resent: 0, unknown: 0, filters: 2 },
    undefined,
  ],
  [
    { type: "session-lost", resent: 1, unknown: 0, filters: 2 },
    "the server has lost the session with 1 message in flight: 1 sent again may arrive twice",
  ],
  [
    { type: "session-lost", resent: 1, unknown: 2, filters: 0 },
    "the server has lost the session with 3 messages in flight: 1 sent again may arrive twice, 2 may not have arrived",
  ],
  [
    { type: "flapping", error: LOST.error },
    "three connections in a row ended within 5 s. Does another client have this client id? Check -i",
  ],
  [
    {
      type: "subscription-refused",
      filter: "x",
      error: new SubscribeError('Cannot subscribe to "x" again: no', {
        reasonCodes: [135],
      }),
    },
    'cannot subscribe to "x" again: no',
  ],
  [
    { type: "dropped", count: 3 },
    "3 messages of QoS 0 came too fast, and had to be dropped",
  ],
  [{ type: "connecting", attempt: 1, address: "a:1883" }, undefined],
  [{ type: "closed", error: LOST.error }, undefined],
];

Deno.test("ChangeLines has a line for each change that a person should know of", () => {
  for (const [event, line] of ROWS) {
    assertEquals(new ChangeLines().of(event), line);
  }
});

Deno.test("ChangeLines tells a warning once, and none of the first connection, of which the notes tell", () => {
  const lines = new ChangeLines();
  const warning = { type: "warning", text: "anybody" } as const;
  assertEquals(lines.of(warning), undefined);
  lines.of(LOST);
  assertEquals(lines.of(warning), undefined);
  const other = { type: "warning", text: "new" } as const;
  assertEquals(lines.of(other), "new");
  assertEquals(lines.of(other), undefined);
});

Deno.test("ChangeLines tells of the first message that nobody takes, for all of them", () => {
  const lines = new ChangeLines();
  assertEquals(
    lines.of({ type: "unclaimed", topic: "x" }),
    "the session brings what this command does not take, such as a message to x: it is acknowledged and dropped",
  );
  assertEquals(lines.of({ type: "unclaimed", topic: "y" }), undefined);
});
