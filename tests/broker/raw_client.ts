// A client of the broker, played by a test: bytes in hexadecimal in, bytes in hexadecimal out.

import { assertEquals } from "@std/assert";
import { concat } from "@std/bytes";
import { DEFAULT_SETTINGS } from "../../src/broker/settings.ts";
import { BrokerDriver } from "../../src/broker/driver.ts";
import type { BrokerEvent } from "../../src/broker/event.ts";
import { type BrokerHooks, questionsOf } from "../../src/broker/hooks.ts";
import { BrokerMachine } from "../../src/broker/machine.ts";
import type { BrokerSettings } from "../../src/broker/settings.ts";
import { memoryWires } from "../../src/transport/memory.ts";
import type { Wire } from "../../src/transport/wire.ts";
import { settled, VirtualClock } from "../client/clock.ts";

/** A driver in a time of its own, and what it has told. */
export interface Stage {
  readonly driver: BrokerDriver;
  readonly clock: VirtualClock;
  readonly events: BrokerEvent[];
}

/** What a stage is made with besides the defaults. */
export interface StageOptions {
  readonly settings?: Partial<BrokerSettings>;
  readonly hooks?: BrokerHooks;
  readonly onEvent?: (event: BrokerEvent, driver: BrokerDriver) => void;
}

/** Makes a driver that has no wire. */
export function makeStage(
  { settings, hooks = {}, onEvent }: StageOptions = {},
): Stage {
  const clock = new VirtualClock();
  const events: BrokerEvent[] = [];
  let ids = 0;
  const driver: BrokerDriver = new BrokerDriver({
    machine: new BrokerMachine({
      ...DEFAULT_SETTINGS,
      makeClientId: () => `made-${++ids}`,
      questions: questionsOf(hooks),
      ...settings,
    }),
    clock,
    hooks,
    onEvent: (event) => {
      events.push(event);
      onEvent?.(event, driver);
    },
  });
  return { driver, clock, events };
}

/** Bytes from hexadecimal; what is in brackets explains. */
export function bytes(text: string): Uint8Array<ArrayBuffer> {
  return Uint8Array.fromHex(
    text.replace(/\([^)]*\)/g, "").replace(/\s/g, ""),
  );
}

/** CONNECT of MQTT 5, Clean Start, with this Client Identifier; Keep Alive in seconds. */
export function connectPacket(clientId: string, keepAlive = 0): string {
  const id = new TextEncoder().encode(clientId);
  const rest = Uint8Array.of(
    ...[0, 4, 0x4d, 0x51, 0x54, 0x54, 5, 2, keepAlive >> 8, keepAlive & 255, 0],
    ...[0, id.length, ...id],
  );
  return Uint8Array.of(0x10, rest.length, ...rest).toHex();
}

/** One end of a wire. */
export class RawClient {
  readonly wire: Wire;

  constructor(wire: Wire) {
    this.wire = wire;
  }

  /** One whose wire is in memory. */
  static to(driver: BrokerDriver, over = (wire: Wire) => wire): RawClient {
    const [ours, theirs] = memoryWires();
    driver.attach(over(theirs), "raw");
    return new RawClient(ours);
  }

  /** Writes bytes. */
  async send(text: string): Promise<void> {
    let rest: Uint8Array = bytes(text);
    while (rest.length > 0) {
      rest = rest.subarray(await this.wire.write(rest));
    }
  }

  /** What has come, once all that was set going is done. */
  async receive(size = 65_536): Promise<string> {
    await settled();
    const block = new Uint8Array(size);
    const read = await this.wire.read(block);
    return read === null ? "end" : block.subarray(0, read).toHex();
  }

  /** All that comes until the end. */
  async rest(): Promise<string> {
    const parts: Uint8Array[] = [];
    for (;;) {
      const block = new Uint8Array(65_536);
      const read = await this.wire.read(block);
      if (read === null) return concat(parts).toHex();
      parts.push(block.subarray(0, read));
    }
  }

  /** Connects with MQTT 5; whatever CONNACK announces. */
  async connect(clientId: string, keepAlive?: number): Promise<void> {
    await this.send(connectPacket(clientId, keepAlive));
    const connack = bytes(await this.receive());
    assertEquals(connack[0], 0x20);
    assertEquals(connack[3], 0);
  }
}
