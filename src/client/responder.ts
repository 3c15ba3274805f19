/**
 * The answering side of requests (MQTT 5, chapter 4.10).
 *
 * @module
 */
import type { QoS } from "../codec/packet.ts";
import type { PublishProperties } from "../codec/property.ts";
import { PublishError } from "../errors.ts";
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
  publish(
    topic: string,
    payload: Payload,
    options: PublishOptions,
  ): Promise<PublishResult | undefined>;
  subscribe(
    filters: string | readonly string[],
    options: SubscribeOptions,
  ): Promise<Subscription>;
}

/** Subscribes, and answers what comes. The request is acknowledged when its reply has been. */
export async function serve(
  owner: ResponderOwner,
  filters: string | readonly string[],
  handler: RequestHandler,
  { replyQos, ...options }: ServeOptions,
): Promise<Subscription> {
  if (replyQos !== undefined) {
    checkInteger("serve", "replyQos", replyQos, 0, 2);
  }
  return await owner.subscribe(filters, {
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
        await owner.publish(responseTopic, payload, {
          qos: replyQos ?? request.qos,
          properties: {
            ...properties,
            ...(correlationData === undefined ? {} : { correlationData }),
          },
        });
      } catch (error) {
        // A topic that is refused is the requester's fault, and told as a failed publish: the service goes on.
        if (!(error instanceof PublishError)) throw error;
      }
    },
  });
}

function isReply(reply: Payload | Reply): reply is Reply {
  return typeof reply === "object" && "payload" in reply;
}
