/**
 * What a store has given back, made into messages on their way out.
 *
 * @module
 */
import { NO_PROPERTIES } from "../codec/packet.ts";
import { Flight, type FlightState } from "./flight.ts";
import type {
  RestoredFlight,
  RestoredMessage,
  RestoredQueue,
  RestoredRelease,
} from "./restored.ts";

/** Makes the request of a message that somebody in an earlier process has published. */
export type MakeRequest<Request> = (topicName: string) => Request;

/** A message that has its packet id, and waits for PUBACK or PUBREC. */
export function publishedFlight<Request>(
  { packetId, message }: RestoredFlight,
  makeRequest: MakeRequest<Request>,
): Flight<Request> {
  return makeFlight(message, makeRequest, "published", packetId);
}

/** A message that is with the server, and waits for PUBCOMP: what it was is not known any more. */
export function releasedFlight<Request>(
  { packetId, order }: RestoredRelease,
  makeRequest: MakeRequest<Request>,
): Flight<Request> {
  const message = { ...UNKNOWN, order };
  return makeFlight(message, makeRequest, "released", packetId);
}

/** The messages that wait for their turn: each becomes one that the session knows when that comes. */
export class RestoredFlights<Request> {
  readonly #queue: RestoredQueue;
  readonly #makeRequest: MakeRequest<Request>;

  /** Takes them from a store's queue. */
  constructor(queue: RestoredQueue, makeRequest: MakeRequest<Request>) {
    this.#queue = queue;
    this.#makeRequest = makeRequest;
  }

  /** How many are left. */
  get length(): number {
    return this.#queue.length;
  }

  /** How many bytes they are. */
  get size(): number {
    return this.#queue.size;
  }

  /** Takes the first; undefined where none is left. */
  shift(): Flight<Request> | undefined {
    const message = this.#queue.shift();
    if (message === undefined) return undefined;
    return makeFlight(message, this.#makeRequest, "queued", 0);
  }
}

const UNKNOWN: Omit<RestoredMessage, "order"> = {
  topicName: "",
  payload: new Uint8Array(0),
  qos: 2,
  retain: false,
  properties: NO_PROPERTIES,
  expiresAt: 0,
};

function makeFlight<Request>(
  restored: RestoredMessage,
  makeRequest: MakeRequest<Request>,
  state: FlightState,
  packetId: number,
): Flight<Request> {
  const { order, topicName, payload, qos, retain, properties, expiresAt } =
    restored;
  const message = {
    type: "publish" as const,
    topicName,
    payload,
    qos,
    retain,
    dup: false,
    packetId,
    properties,
    expiresAt,
    checkpoint: undefined,
  };
  const flight = new Flight(message, makeRequest(topicName), order);
  flight.adoptPayload(payload);
  flight.state = state;
  if (state !== "queued") flight.delivery = "unknown";
  return flight;
}
