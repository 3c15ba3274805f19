/**
 * The session's answers on their way to those who asked.
 *
 * @module
 */
import type { SessionEvent } from "../session/event.ts";
import type { Publisher } from "./publisher.ts";
import type { Subscriber } from "./subscriber.ts";
import type { Request } from "./wait.ts";

/** An event that settles a request, or brings it nearer to that. */
export type Answer = Extract<
  SessionEvent<Request>,
  { readonly request: Request }
>;

/** Takes an answer to the side of the client that asked. */
export function tellAnswer(
  event: Answer,
  { publisher, subscriber }: { publisher: Publisher; subscriber: Subscriber },
): void {
  const { request } = event;
  if (request.type === "publish") {
    if (event.type === "published") publisher.succeeded(request, event.packet);
    else if (event.type === "accepted") publisher.accepted(request);
    else if (event.type === "publish-refused") request.reject(event.error);
    else if (event.type === "abandoned") {
      publisher.abandoned(request, event);
    }
  } else if (event.type === "abandoned") {
    subscriber.abandoned(request, event.cause);
  } else if (request.type === "subscribe") {
    if (event.type === "subscribed") {
      subscriber.subscribed(request, event.packet);
    }
  } else if (event.type === "unsubscribed") {
    subscriber.unsubscribed(request, event.packet);
  }
}
