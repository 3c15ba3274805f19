// Faults of what outlives a process: the store, what is kept in it and when, and what the next process makes of it.

import type { Mutant } from "./mutant_list.ts";

/** The faults that are planted behind the others. */
export const DURABLE_MUTANTS: readonly Mutant[] = [
  {
    fault: "bytes leave before what goes with them is kept",
    path: "client/connection.ts",
    text:
      "        if (keeping !== undefined || bytes === undefined) await keeping;\n",
    instead: "        keeping?.catch(() => {});\n",
  },
  {
    fault: "bytes leave with the append before their own",
    path: "client/keeper.ts",
    text: "      return this.#appending.then(() => this.#appendRecorded());\n",
    instead: "      return this.#appending;\n",
  },
  {
    fault: "that a message is accepted is not kept",
    path: "store/ledger.ts",
    text: "        return this.#put(MESSAGE_KEYS + order);\n",
    instead: "        return;\n",
  },
  {
    fault: "that a message is sent is not kept",
    path: "session/settlement.ts",
    text: '    this.#doors.records?.push({ type: "sent", order, packetId });\n',
    instead: "",
  },
  {
    fault: "that PUBREC came is not kept",
    path: "session/settlement.ts",
    text: '    this.#doors.records?.push({ type: "released", order });\n',
    instead: "",
  },
  {
    fault: "what is settled is kept",
    path: "session/settlement.ts",
    text:
      '    this.#doors.records?.push({ type: "settled", order: flight.order });\n',
    instead: "",
  },
  {
    fault: "that a message is owned is not kept",
    path: "session/incoming.ts",
    text: '      this.#doors.records?.push({ type: "owned", packetId });\n',
    instead: "",
  },
  {
    fault: "what an earlier process has owned is forgotten",
    path: "session/incoming.ts",
    text: "    for (const packetId of owned) this.#owned.set(packetId, 0);\n",
    instead: "",
  },
  {
    fault: "what was owned is kept",
    path: "session/incoming.ts",
    text:
      '    this.#owned.delete(packetId);\n    this.#doors.records?.push({ type: "completed", packetId });\n',
    instead: "    this.#owned.delete(packetId);\n",
  },
  {
    fault: "the identifiers of an earlier process are given again",
    path: "session/flights.ts",
    text: "    this.#ids.reserve(packetId);\n",
    instead: "",
  },
  {
    fault: "messages are numbered anew by each process",
    path: "session/outgoing.ts",
    text: "    this.#accepted = from.lastOrder;\n",
    instead: "",
  },
  {
    fault: "what an earlier process has sent is not sent again",
    path: "session/restoration.ts",
    text: 'makeFlight(message, makeRequest, "published", packetId)',
    instead: 'makeFlight(message, makeRequest, "queued", packetId)',
  },
  {
    fault:
      "what an earlier process has released is released in the wrong order",
    path: "store/stored_session.ts",
    text: ".sort((one, other) => one.releaseOrder - other.releaseOrder);",
    instead: ".sort((one, other) => other.releaseOrder - one.releaseOrder);",
  },
  {
    fault: "what an earlier process has released is sent again",
    path: "store/stored_session.ts",
    text: "releaseOrder === 0)",
    instead: "releaseOrder >= 0)",
  },
  {
    fault: "the queue of an earlier process is lost",
    path: "session/outgoing.ts",
    text: "    this.#queue.restore(from.queue, makeRequest);\n",
    instead: "",
  },
  {
    fault: "that the session is lost is not kept",
    path: "session/resumption.ts",
    text: '  doors.records?.push({ type: "session-lost" });\n',
    instead: "",
  },
  {
    fault: "a stale store is replayed into the session of another",
    path: "session/identity.ts",
    text: '    return known === this.#known ? "ours" : "other";',
    instead: '    return "ours";',
  },
  {
    fault: "the time in which a server notices that we are gone does not count",
    path: "store/binding.ts",
    text: " + keepAlive * 1_500;",
    instead: ";",
  },
  {
    fault: "a torn write is not cut off",
    path: "store/open_log.ts",
    text: "  if (tornSize > 0) file.truncate(end);\n",
    instead: "",
  },
  {
    fault: "the log is never written anew",
    path: "store/log_keeper.ts",
    text: "garbage >= this.#garbageMax && garbage >= index.size",
    instead: "garbage < 0 && index.size < 0",
  },
  {
    fault: "a log written anew lacks what holds",
    path: "store/log_copy.ts",
    text:
      '    return copied.count === index.count && copied.size === index.size;\n  }\n\n  /** What was overwritten or removed is left out; where that happens later, its own frame follows. */\n  #copyNext(): void {\n    if (this.#scan.next() !== "frame") return;\n',
    instead:
      '    return copied.count <= index.count;\n  }\n\n  #copyNext(): void {\n    if (this.#scan.next() !== "frame" || this.#scan.key === 65_537) return;\n',
  },
  {
    fault: "an append does not wait for the disk",
    path: "store/log_keeper.ts",
    text:
      '    if (this.#options.durability === "sync") return this.#sync.request();\n',
    instead:
      '    if (this.#options.durability === "sync") void this.#sync.request();\n',
  },
  {
    fault: "a log written anew takes its place before it is on the disk",
    path: "store/log_keeper.ts",
    text: "      await copy.log.file.sync();\n      await this.#sync.idle();\n",
    instead: "      await this.#sync.idle();\n",
  },
  {
    fault: "that a log was written anew is not on the disk",
    path: "store/log_keeper.ts",
    text: "    if (isSynced) await this.#syncFolder();\n",
    instead: "",
  },
  {
    fault: "what is appended while a log is written anew goes to the old one",
    path: "store/log_keeper.ts",
    text:
      "    if (this.#waiting !== undefined) return this.#wait(changes, this.#waiting);\n",
    instead: "",
  },
  {
    fault: "a store that does not answer holds up the end",
    path: "client/keeper.ts",
    text:
      "      const cancel = this.#options.clock.schedule(resolve, withinMs);\n",
    instead:
      "      const cancel = () => {};\n      if (withinMs < 0) resolve();\n",
  },
];
