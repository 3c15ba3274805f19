/**
 * What becomes of an earlier connection's work when CONNACK has accepted (4.1, 4.4): it goes on where the server
 * has kept the session, else it begins anew.
 *
 * @module
 */
import type { Agreement } from "./agreement.ts";
import type { Doors } from "./doors.ts";
import type { Whose } from "./identity.ts";
import type { Incoming } from "./incoming.ts";
import type { Outgoing } from "./outgoing.ts";
import type { Requests } from "./requests.ts";

/** The parts of a session that outlive a connection. */
export interface Work<Request> {
  readonly doors: Doors<Request>;
  readonly incoming: Incoming<Request>;
  readonly outgoing: Outgoing<Request>;
  readonly requests: Requests<Request>;
}

/** Goes on with the work of a session, or begins it anew. */
export function resume<Request>(
  work: Work<Request>,
  { isResumed, packet: { sessionPresent } }: Agreement,
  whose: Whose,
): void {
  const { outgoing, requests } = work;
  // What the server knows of another client id is not what we know.
  const isOurs = whose !== "other";
  requests.connected(sessionPresent && isOurs);
  if (!isResumed || !isOurs) return startAnew(work, whose);
  // What is subscribed to comes first: it may match what is published behind it.
  requests.send();
  outgoing.resume();
}

function startAnew<Request>(
  { doors, incoming, outgoing, requests }: Work<Request>,
  whose: Whose,
): void {
  doors.records?.push({ type: "session-lost" });
  incoming.forget();
  const { resent, unknown } = outgoing.startAnew();
  if (whose === "new") return;
  const filters = requests.subscriptions;
  doors.events.push({ type: "session-lost", resent, unknown, filters });
}
