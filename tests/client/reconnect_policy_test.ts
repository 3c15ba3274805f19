// Whether another attempt is made, and when: the rules alone, with nothing to wait for.

import { assertEquals } from "@std/assert";
import {
  ConnectError,
  ConnectionLostError,
  type ConnectionLostErrorOptions,
  KeepAliveError,
  ProtocolError,
  ReasonCode,
} from "../../mod.ts";
import type { FailedAttempt } from "../../src/client/connect_fault.ts";
import {
  makeReconnectSettings,
  type ReconnectOptions,
} from "../../src/client/reconnect_options.ts";
import {
  ReconnectPolicy,
  type ReconnectPolicyOptions,
  type Verdict,
} from "../../src/client/reconnect_policy.ts";

/** Chance that always takes the whole of the bound: what is read then is the bound itself. */
const ALL = () => 1;

function policyOf(
  reconnect: ReconnectOptions | boolean = {},
  options: Partial<ReconnectPolicyOptions> = {},
): ReconnectPolicy {
  return new ReconnectPolicy({
    reconnect: makeReconnectSettings(reconnect),
    random: ALL,
    serverCount: 1,
    asksIdentity: false,
    follow: () => true,
    ...options,
  }, 0);
}

/** A policy whose client was accepted at 0. */
function acceptedPolicy(
  reconnect: ReconnectOptions = {},
  options: Partial<ReconnectPolicyOptions> = {},
): ReconnectPolicy {
  const policy = policyOf(reconnect, options);
  policy.accepted(0);
  return policy;
}

function loss(options: ConnectionLostErrorOptions = {}): ConnectionLostError {
  return new ConnectionLostError("lost", options);
}

function failure(
  reasonCode?: number,
  options: Partial<FailedAttempt> = {},
): FailedAttempt {
  const error = new ConnectError("failed", { reasonCode });
  return { error, tryLower: false, isFinal: false, ...options };
}

const BREACH = loss({
  cause: new ProtocolError("wrong", ReasonCode.protocolError, "MQTT-1.0.0-1"),
});

/** How long a verdict waits; undefined where it ends. */
function wait(verdict: Verdict): number | undefined {
  return verdict.type === "end" ? undefined : verdict.inMs;
}

Deno.test("ReconnectPolicy doubles the bound of its waits from 1 s to 60 s", () => {
  const policy = acceptedPolicy();
  const waits = [wait(policy.lost(loss(), 6_000))];
  for (let i = 0; i < 8; i++) waits.push(wait(policy.failed(failure(), 7_000)));
  assertEquals(
    waits.map((ms) => (ms ?? 0) / 1000),
    [1, 2, 4, 8, 16, 32, 60, 60, 60],
  );
});

Deno.test("ReconnectPolicy takes a random part of the bound, from nothing to all of it", () => {
  for (const [part, ms] of [[0, 0], [0.25, 250], [1, 1_000]] as const) {
    const policy = acceptedPolicy({}, { random: () => part });
    assertEquals(policy.lost(loss(), 0), {
      type: "retry",
      attempt: 1,
      inMs: ms,
    });
  }
});

Deno.test("ReconnectPolicy takes its bounds from the options", () => {
  const policy = acceptedPolicy({ initialMs: 10, maxMs: 25 });
  const waits = [policy.lost(loss(), 0)];
  for (let i = 0; i < 3; i++) waits.push(policy.failed(failure(), 0));
  assertEquals(waits.map(wait), [10, 20, 25, 25]);
});

Deno.test("ReconnectPolicy begins anew after a connection that lived and had a message acknowledged", () => {
  const policy = acceptedPolicy();
  policy.lost(loss(), 1_000);
  policy.failed(failure(), 2_000);
  policy.accepted(10_000);
  policy.acknowledged();
  assertEquals(policy.lost(loss(), 15_000), {
    type: "retry",
    attempt: 1,
    inMs: 1_000,
  });
});

for (
  const [why, livedMs, isAcknowledged] of [
    ["was lost at once", 4_999, true],
    ["had no message acknowledged", 59_999, false],
  ] as const
) {
  Deno.test(`ReconnectPolicy goes on where it was after a connection that ${why}`, () => {
    const policy = acceptedPolicy();
    policy.lost(loss(), 1_000);
    policy.failed(failure(), 2_000);
    policy.accepted(10_000);
    if (isAcknowledged) policy.acknowledged();
    const verdict = policy.lost(loss(), 10_000 + livedMs);
    assertEquals(verdict, { type: "retry", attempt: 3, inMs: 4_000 });
  });
}

Deno.test("ReconnectPolicy begins anew after a connection that lived as long as the longest wait, whatever it moved", () => {
  const policy = acceptedPolicy();
  policy.lost(loss(), 1_000);
  policy.failed(failure(), 2_000);
  policy.accepted(10_000);
  assertEquals(wait(policy.lost(loss(), 70_000)), 1_000);
});

Deno.test("ReconnectPolicy takes a life below 5 s for short, however short the longest wait", () => {
  const policy = acceptedPolicy({ initialMs: 10, maxMs: 100 });
  policy.lost(loss(), 4_999);
  policy.accepted(10_000);
  assertEquals(wait(policy.lost(loss(), 14_999)), 20);
  policy.accepted(20_000);
  assertEquals(wait(policy.lost(loss(), 25_000)), 10);
});

Deno.test("ReconnectPolicy without settings ends with the first loss, and with the first failure", () => {
  const off = policyOf(false);
  assertEquals(off.failed(failure(), 0), { type: "end" });
  off.accepted(0);
  assertEquals(off.lost(loss(), 60_000), { type: "end" });
});

Deno.test("ReconnectPolicy ends after so many attempts", () => {
  const policy = acceptedPolicy({ attempts: 2 });
  assertEquals(wait(policy.lost(loss(), 0)), 1_000);
  assertEquals(wait(policy.failed(failure(), 0)), 2_000);
  assertEquals(policy.failed(failure(), 0), { type: "end" });
});

Deno.test("ReconnectPolicy ends when the total time is over, with one last attempt at its end", () => {
  const policy = acceptedPolicy({ totalMs: 2_500 });
  assertEquals(wait(policy.lost(loss(), 100_000)), 1_000);
  assertEquals(wait(policy.failed(failure(), 101_000)), 1_500);
  assertEquals(policy.failed(failure(), 102_500), { type: "end" });
});

Deno.test("ReconnectPolicy ends with the first failure of a client that was never accepted", () => {
  assertEquals(policyOf().failed(failure(), 0), { type: "end" });
});

Deno.test("ReconnectPolicy tries each server once, at once, before the first connection fails", () => {
  for (const reconnect of [true, false]) {
    const policy = policyOf(reconnect, { serverCount: 3 });
    const verdicts = [1, 2, 3].map(() =>
      policy.failed(failure(ReasonCode.banned), 0)
    );
    assertEquals(verdicts.map(wait), [0, 0, undefined]);
  }
});

Deno.test("ReconnectPolicy with retryFirst goes on before the first connection, too", () => {
  const policy = policyOf({ retryFirst: true, attempts: 3 });
  const verdicts = [1, 2, 3, 4].map(() => policy.failed(failure(), 0));
  assertEquals(verdicts.map(wait), [1_000, 2_000, 4_000, undefined]);
});

/** What a refusal of CONNACK brings: another attempt, one that is bounded, or the end. */
const REFUSALS: Readonly<Record<string, readonly number[]>> = {
  wait: [3, 0x80, 0x83, 0x88, 0x89, 0x97, 0x9C, 0x9F],
  identity: [4, 5, 0x86, 0x87],
  end: [1, 2, 0x81, 0x82, 0x84, 0x85, 0x8A, 0x8C, 0x90, 0x95, 0x99, 0x9A, 0x9B]
    .concat(0x9D),
};

for (const [outcome, reasonCodes] of Object.entries(REFUSALS)) {
  for (const reasonCode of reasonCodes) {
    const name = `${reasonCode} of CONNACK on a reconnect`;
    Deno.test(`ReconnectPolicy takes ${name} for: ${outcome}`, () => {
      const policy = acceptedPolicy({ authAttempts: 3 });
      policy.lost(loss(), 0);
      const goesOn = [1, 2, 3, 4].map(() =>
        policy.failed(failure(reasonCode), 0).type === "retry"
      );
      assertEquals(
        goesOn,
        outcome === "wait"
          ? [true, true, true, true]
          : outcome === "identity"
          ? [true, true, false, false]
          : [false, false, false, false],
      );
    });

    Deno.test(`ReconnectPolicy takes ${reasonCode} of CONNACK with retryFirst for: ${outcome}`, () => {
      const first = policyOf({ retryFirst: true });
      const verdict = first.failed(failure(reasonCode), 0);
      assertEquals(verdict.type, outcome === "wait" ? "retry" : "end");
      const asked = policyOf({ retryFirst: true }, { asksIdentity: true });
      const other = asked.failed(failure(reasonCode), 0);
      assertEquals(other.type, outcome === "end" ? "end" : "retry");
    });
  }
}

Deno.test("ReconnectPolicy counts refused credentials from each connection that was accepted", () => {
  const policy = acceptedPolicy({ authAttempts: 2 });
  const refused = failure(ReasonCode.notAuthorized);
  policy.lost(loss(), 0);
  assertEquals(policy.failed(refused, 0).type, "retry");
  policy.accepted(1_000);
  policy.lost(loss(), 1_000);
  assertEquals(policy.failed(refused, 1_000).type, "retry");
  assertEquals(policy.failed(refused, 2_000).type, "end");
});

Deno.test("ReconnectPolicy ends with what only can fail again", () => {
  const policy = acceptedPolicy();
  policy.lost(loss(), 0);
  const verdict = policy.failed(failure(undefined, { isFinal: true }), 0);
  assertEquals(verdict.type, "end");
});

/** What a loss brings where it goes on; after the end nothing is looked at. */
const LOSSES: Readonly<
  Record<string, readonly [outcome: string, error: ConnectionLostError]>
> = {
  "a close": ["wait", loss()],
  "silence": ["wait", loss({ cause: new KeepAliveError("silent") })],
  "an error of the wire": ["wait", loss({ cause: new Error("reset") })],
  "0x8B of DISCONNECT": ["wait", loss({ reasonCode: 0x8B })],
  "0x89 of DISCONNECT": ["wait", loss({ reasonCode: 0x89 })],
  "0x98 of DISCONNECT": ["wait", loss({ reasonCode: 0x98 })],
  "0x9C of DISCONNECT": ["wait", loss({ reasonCode: 0x9C })],
  "a broken rule": ["breach", BREACH],
  "0x82 of DISCONNECT": ["breach", loss({ reasonCode: 0x82 })],
  "0x95 of DISCONNECT": ["breach", loss({ reasonCode: 0x95 })],
  "0x8E of DISCONNECT": ["end", loss({ reasonCode: 0x8E })],
  "0x9D of DISCONNECT": ["end", loss({ reasonCode: 0x9D })],
};

for (const [name, [outcome, error]] of Object.entries(LOSSES)) {
  Deno.test(`ReconnectPolicy takes ${name} for: ${outcome}`, () => {
    const policy = acceptedPolicy();
    const goesOn = [0, 10, 20, 30].map((now) => {
      policy.accepted(now);
      return policy.lost(error, now + 6).type === "retry";
    });
    assertEquals(
      goesOn,
      outcome === "wait"
        ? [true, true, true, true]
        : outcome === "breach"
        ? [true, true, false, false]
        : [false, false, false, false],
    );
  });
}

Deno.test("ReconnectPolicy counts broken rules from the last message that was acknowledged", () => {
  const policy = acceptedPolicy();
  policy.lost(BREACH, 0);
  policy.accepted(0);
  policy.lost(BREACH, 0);
  policy.accepted(0);
  policy.acknowledged();
  assertEquals(policy.lost(BREACH, 0).type, "retry");
  policy.accepted(0);
  assertEquals(policy.lost(BREACH, 0).type, "retry");
  policy.accepted(0);
  assertEquals(policy.lost(BREACH, 0).type, "end");
});

Deno.test("ReconnectPolicy counts a broken rule in place of CONNACK", () => {
  const policy = acceptedPolicy();
  policy.lost(BREACH, 0);
  const error = new ConnectError("wrong", { cause: BREACH.cause });
  const failed = failure(undefined, { error });
  assertEquals(policy.failed(failed, 0).type, "retry");
  assertEquals(policy.failed(failed, 0).type, "end");
});

Deno.test("ReconnectPolicy sees each third connection in a row that was lost within 5 s", () => {
  const policy = policyOf();
  const flaps = [4_999, 0, 4_999, 1, 1, 1, 5_000, 1, 1, 1].map((livedMs) => {
    policy.accepted(0);
    policy.lost(loss(), livedMs);
    return policy.isFlapping;
  });
  assertEquals(flaps, [
    ...[false, false, true],
    ...[false, false, true],
    false,
    ...[false, false, true],
  ]);
});

const ELSEWHERE = loss({ reasonCode: 0x9C, serverReference: "other:1883" });

Deno.test("ReconnectPolicy goes at once where a server sends us, if asked to", () => {
  const followed: unknown[] = [];
  const follow = (...all: unknown[]) => followed.push(all) > 0;
  const policy = acceptedPolicy({ followServerReference: true }, { follow });
  assertEquals(wait(policy.lost(ELSEWHERE, 0)), 0);
  const moved = failure(undefined, {
    error: new ConnectError("moved", {
      reasonCode: 0x9D,
      serverReference: "third",
    }),
  });
  assertEquals(wait(policy.failed(moved, 0)), 0);
  assertEquals(followed, [["other:1883", "once"], ["third", "for good"]]);
});

Deno.test("ReconnectPolicy goes where a server sends us before the first connection, too", () => {
  const moved = failure(undefined, {
    error: new ConnectError("moved", {
      reasonCode: 0x9C,
      serverReference: "other",
    }),
  });
  const policy = policyOf({ followServerReference: true });
  assertEquals(wait(policy.failed(moved, 0)), 0);
  assertEquals(policyOf().failed(moved, 0), { type: "end" });
});

Deno.test("ReconnectPolicy goes where it is sent at most five times in a row", () => {
  const policy = acceptedPolicy({ followServerReference: true });
  const waits = [1, 2, 3, 4, 5, 6].map(() => {
    policy.accepted(0);
    return wait(policy.lost(ELSEWHERE, 1)) === 0;
  });
  assertEquals(waits, [true, true, true, true, true, false]);
  policy.accepted(10);
  policy.acknowledged();
  assertEquals(wait(policy.lost(ELSEWHERE, 10_000)), 0);
});

Deno.test("ReconnectPolicy waits, or ends, where it does not go where it is sent", () => {
  const moved = loss({ reasonCode: 0x9D, serverReference: "unix" });
  const policy = acceptedPolicy(
    { followServerReference: true },
    { follow: () => false },
  );
  assertEquals(wait(policy.lost(ELSEWHERE, 0)), 1_000);
  assertEquals(policy.lost(moved, 0), { type: "end" });
  assertEquals(acceptedPolicy().lost(moved, 0), { type: "end" });
  const several = acceptedPolicy({}, { serverCount: 2 });
  assertEquals(wait(several.lost(moved, 0)), 1_000);
});

Deno.test("ReconnectPolicy waits for nothing where initialMs is 0, however often it was in vain", () => {
  const policy = acceptedPolicy({ initialMs: 0 });
  let verdict = policy.lost(loss(), 0);
  for (let i = 0; i < 2_000; i++) verdict = policy.failed(failure(), i);
  assertEquals(verdict, { type: "retry", attempt: 2_001, inMs: 0 });
});
