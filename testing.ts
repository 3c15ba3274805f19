/**
 * The test kit of midge: {@linkcode Broker}, an MQTT broker (3.1, 3.1.1 and 5.0) in the process of the tests. An
 * application's tests need no installed broker, no port and no permission.
 *
 * @example
 * ```ts ignore
 * import { Broker } from "./testing.ts";
 *
 * Deno.test("the lamp says that it is on", async () => {
 *   await using broker = new Broker();
 *   await using lamp = await broker.connect();
 *   await lamp.publish("lamp/state", "on", { retain: true });
 *
 *   const [state] = await broker.seen("lamp/state");
 *   if (state?.text() !== "on") throw new Error("it is off");
 * });
 * ```
 *
 * @module
 */
export type {
  BrokerEvent,
  DropCause,
  EndCause,
  PublishedEvent,
} from "./src/broker/event.ts";
export type {
  AuthenticationReply,
  AuthenticationStep,
  BrokerHooks,
  ClientIdentity,
  Login,
  PublishRequest,
  SubscribeRequest,
  Verdict,
} from "./src/broker/hooks.ts";
export type { ServerTls } from "./src/broker/listen.ts";
export type { BrokerClient } from "./src/broker/machine.ts";
export type { BrokerMessage } from "./src/broker/message.ts";
export type { BrokerDecision } from "./src/broker/question.ts";
export type { RefusalOptions, RefusedAction } from "./src/broker/refusals.ts";
export type { SeenMessage } from "./src/broker/seen.ts";
export type { BrokerLimits } from "./src/broker/settings.ts";
export type { BrokerStats } from "./src/broker/stats.ts";
export {
  type MakeStore,
  type StoreCase,
  storeCases,
} from "./src/store/conformance.ts";
export { Broker } from "./src/testing/broker.ts";
export type { Faults } from "./src/testing/faults.ts";
export type {
  BrokerOptions,
  BrokerPublishOptions,
  ListenOptions,
  RestartOptions,
  SeenOptions,
  WaitForOptions,
} from "./src/testing/options.ts";
export {
  type UntilOptions,
  VirtualClock,
} from "./src/testing/virtual_clock.ts";
export type {
  CutKind,
  PacketChoice,
  PacketName,
  WireEnd,
  WireFaults,
  WirePoint,
} from "./src/testing/wire_faults.ts";
