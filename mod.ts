/**
 * midge: an MQTT client (3.1, 3.1.1 and 5.0) for Deno.
 *
 * @example
 * ```ts ignore
 * import { connect } from "./mod.ts";
 *
 * await using client = await connect("mqtt://localhost");
 * await client.publish("test/1", "hello", { qos: 1 });
 *
 * const readings = await client.subscribe("sensors/+/temperature", { qos: 1 });
 * for await (const message of readings) {
 *   console.log(message.topic, message.text());
 * }
 * ```
 *
 * @module
 */
export { connect, withClient } from "./src/client/connect.ts";
export type { Client } from "./src/client/client.ts";
export type { Ask, Asked } from "./src/client/asked.ts";
export type { Overflow } from "./src/client/backlog.ts";
export type { Clock } from "./src/client/clock.ts";
export type { ConnectionInfo } from "./src/client/connection_info.ts";
export type { AckMode } from "./src/client/consumer.ts";
export type {
  Authenticate,
  AuthenticationAnswer,
  AuthenticationData,
  AuthenticationRequest,
} from "./src/client/exchange.ts";
export type { MessageHandler, OnError } from "./src/client/handler.ts";
export type { Message } from "./src/client/message.ts";
export type {
  ConnectOptions,
  DisconnectOptions,
  PublishOptions,
  PublishResult,
  ReauthenticateOptions,
  ReceiveOptions,
  SubscribeOptions,
  UnsubscribeOptions,
  Will,
} from "./src/client/options.ts";
export type { Payload } from "./src/client/payload.ts";
export type { ReconnectOptions } from "./src/client/reconnect_options.ts";
export type {
  RequestManyOptions,
  RequestOptions,
} from "./src/client/requester.ts";
export type {
  Reply,
  RequestHandler,
  ServeOptions,
} from "./src/client/responder.ts";
export type { Restored, RestoredPublish } from "./src/client/restored.ts";
export type { ServerUrl } from "./src/client/servers.ts";
export type {
  LostFlight,
  OfflineOptions,
  OfflinePolicy,
  SessionLostOptions,
} from "./src/client/session_options.ts";
export type { Stats, StatusEvent } from "./src/client/status.ts";
export type { Subscription } from "./src/client/subscription.ts";
export type { WireOptions } from "./src/client/wire_options.ts";
export type {
  Properties,
  ProtocolVersion,
  QoS,
  RetainHandling,
} from "./src/codec/packet.ts";
export type {
  AckProperties,
  AuthProperties,
  ConnackProperties,
  ConnectProperties,
  DisconnectProperties,
  PublishProperties,
  SubscribeProperties,
  UnsubscribeProperties,
  WillProperties,
} from "./src/codec/property.ts";
export { ReasonCode } from "./src/codec/reason_code.ts";
export * from "./src/errors.ts";
export { fileStore, type FileStoreOptions } from "./src/store/file_store.ts";
export { memoryStore } from "./src/store/memory_store.ts";
export type {
  Store,
  StoreChange,
  StoreDamage,
  StoreEntry,
  StoreFinding,
} from "./src/store/store.ts";
export { matchTopic } from "./src/topic/filter.ts";
export type { Pem, TlsOptions } from "./src/transport/tls_options.ts";
export type { HeaderFields } from "./src/transport/websocket_headers.ts";
export type { Transport, Wire } from "./src/transport/wire.ts";
export { VERSION } from "./src/version.ts";
