/**
 * What the parts of a session share: the three doors by which things leave it, and the version spoken.
 *
 * @module
 */
import { ByteWriter } from "../codec/writer.ts";
import type { ProtocolVersion } from "../codec/packet.ts";
import type { SessionEvent } from "./event.ts";
import type { StoreRecord } from "./record.ts";

const NOTHING: readonly never[] = Object.freeze([]);

/** Bytes, events and records on their way out. */
export class Doors<Request> {
  /** The bytes to be written. */
  writer = new ByteWriter();
  /** What happened since it was last asked. */
  events: SessionEvent<Request>[] = [];
  /** What must be durable before the bytes leave; undefined where nobody keeps records. */
  records: StoreRecord[] | undefined;
  /** The version spoken on the present connection. */
  protocolVersion: ProtocolVersion = 5;

  /** Makes the doors; records are kept only where they are wanted. */
  constructor(options: { recording: boolean }) {
    this.records = options.recording ? [] : undefined;
  }

  /** Empties the door of events. */
  takeEvents(): readonly SessionEvent<Request>[] {
    const { events } = this;
    if (events.length === 0) return NOTHING;
    this.events = [];
    return events;
  }

  /** Empties the door of records. */
  takeRecords(): readonly StoreRecord[] {
    const { records } = this;
    if (records === undefined || records.length === 0) return NOTHING;
    this.records = [];
    return records;
  }
}
