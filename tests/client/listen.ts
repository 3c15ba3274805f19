// What status() tells, collected as it comes.

import type { Client, StatusEvent } from "../../mod.ts";

/** Listens from now on; the array grows. */
export function listen(client: Client): StatusEvent[] {
  const events: StatusEvent[] = [];
  void (async () => {
    for await (const event of client.status()) events.push(event);
  })();
  return events;
}
