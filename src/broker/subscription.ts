/**
 * A subscription of one session.
 *
 * @module
 */
import type { QoS } from "../codec/packet.ts";
import type { BrokerSession } from "./session.ts";

/** A Topic Filter of one session and what was agreed about it (3.8.3.1). */
export interface Subscription {
  /** Whose it is. */
  readonly session: BrokerSession;
  /** The Topic Filter, with `$share/` and the ShareName where it is shared. */
  readonly topicFilter: string;
  /** The QoS that was granted. */
  readonly qos: QoS;
  /** Not what this very client publishes. */
  readonly noLocal: boolean;
  /** RETAIN as the publisher set it. */
  readonly retainAsPublished: boolean;
  /** What its messages carry. */
  readonly subscriptionIdentifier: number | undefined;
}
