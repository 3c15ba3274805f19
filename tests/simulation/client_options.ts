// The options of connect() that a plan asks for.

import type { ConnectOptions } from "../../mod.ts";
import type { ClientPlan } from "./scenario.ts";

/** All but who the client is, and what belongs to its process. */
export function optionsOf(plan: ClientPlan): ConnectOptions {
  return {
    protocolVersion: plan.protocolVersion,
    cleanStart: plan.cleanStart,
    keepAlive: plan.keepAlive,
    connectTimeoutMs: 3_000,
    reconnect: { initialMs: 50, maxMs: 1_000, retryFirst: true },
    readAhead: plan.readAhead,
    hardBoundBytes: plan.hardBoundBytes,
    highWaterBytes: Math.min(plan.hardBoundBytes, 16 << 20),
    overflow: plan.overflow,
    unclaimedMs: 3_600_000,
    offline: {
      messagesMax: plan.offlineMax,
      policy: plan.policy,
      qos0: plan.offlineQos0,
    },
    sessionLost: { qos1: plan.lostQos1 },
    ...ofVersion(plan),
  };
}

function ofVersion(plan: ClientPlan): ConnectOptions {
  const { receiveMaximum, maximumPacketSize, topicAliasMaximum } = plan;
  if (plan.protocolVersion < 5) {
    return receiveMaximum > 0 ? { maxInflight: receiveMaximum } : {};
  }
  return {
    properties: {
      sessionExpiryInterval: plan.sessionExpiryInterval,
      ...(receiveMaximum > 0 && { receiveMaximum }),
      ...(maximumPacketSize > 0 && { maximumPacketSize }),
      ...(topicAliasMaximum > 0 && { topicAliasMaximum }),
    },
  };
}
