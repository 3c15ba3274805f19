/**
 * The answering side of requests (MQTT 5, chapter 4.10).
 *
 * @module
 */
import type { QoS } from "../codec/packet.ts";
import type { PublishProperties } from "../codec/property.ts";
import { MqttError } from "../errors.ts";
import { checkInteger } from "./checks.ts";
import type { Message } from "./message.ts";
import type {
  PublishOptions,
  PublishResult,
  SubscribeOptions,
} from "./options.ts";
import type { Payload } from "./payload.ts";
import type { Subscription } from "./subscription.ts";

/** A reply with more to it than its payload. */
export interface Reply {
  /** What is answered. */
  readonly payload: Payload;
  /** Besides the correlation data, which comes from the request. */
  readonly properties?: Omit<PublishProperties, "correlationData">;
}

/** Answers a request: with a payload, with a {@linkcode Reply}, or not at all (undefined). */
export type RequestHandler = (
  request: Message,
) =>
  | Payload
  | Reply
  | undefined
  | Promise<Payload | Reply | undefined>;

/** What `serve()` can be asked for. */
export interface ServeOptions extends Omit<SubscribeOptions, "onMessage"> {
  /** The QoS of the replies; by default that of the request as it came. */
  readonly replyQos?: QoS;
}

/** What a responder needs of a client. */
export interface ResponderOwner {
  /** Whether nothing more can be asked of it. */
  hasEnded(): boolean;
  readonly client: {
    publish(
      topic: string,
      payload: Payload,
      options: PublishOptions,
    ): Promise<PublishResult | undefined>;
    subscribe(
      filters: string | readonly string[],
      options: SubscribeOptions,
    ): Promise<Subscription>;
  };
}

/** Subscribes, and answers what comes. The request is acknowledged when its reply has been. */
export async function serve(
  { client, hasEnded }: ResponderOwner,
  filters: string | readonly string[],
  handler: RequestHandler,
  { replyQos, ...options }: ServeOptions,
): Promise<Subscription> {
  if (typeof handler !== "function") {
    throw new TypeError("Cannot serve: the handler must be a function");
  }
  if (replyQos !== undefined) {
    checkInteger("serve", "replyQos", replyQos, 0, 2);
  }
  return await client.subscribe(filters, {
    ...options,
    async onMessage(request) {
      const reply = await handler(request);
      const { responseTopic, correlationData } = request.properties;
      // What asks for no reply is a message like any other.
      if (reply === undefined || responseTopic === undefined) return;
      const { payload, properties } = isReply(reply)
        ? reply
        : { payload: reply };
      try {
        await client.publish(responseTopic, payload, {
          qos: replyQos ?? request.qos,
          properties: {
            ...properties,
            ...(correlationData === undefined ? {} : { correlationData }),
          },
        });
      } catch (error) {
        // What was asked of a client that ends stays unacknowledged, for whoever comes next.
        if (hasEnded()) return await new Promise<void>(() => {});
        // A topic that is refused, or a connection that is lost, is told as a failed publish: the service goes on.
        if (!(error instanceof MqttError)) throw error;
      }
    },
  });
}

function isReply(reply: Payload | Reply): reply is Reply {
  return typeof reply === "object" && "payload" in reply;
}
