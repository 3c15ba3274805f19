/**
 * What is to happen at a certain time: one heap for all, so that the next one is known at once and none
 * is forgotten in it.
 *
 * This file reads no clock: every time comes in as ms of the driver's.
 *
 * @module
 */

/** Something that is to happen. It is set again as often as one likes. */
export class Alarm {
  /** What happens. */
  readonly ring: (now: number) => void;
  /** When; Infinity while it is not set. */
  time: number = Infinity;
  /** Its place in the heap. */
  place: number = -1;

  /** Makes an alarm that is not set. */
  constructor(ring: (now: number) => void) {
    this.ring = ring;
  }
}

/** All alarms that are set: a binary heap, the next one first. */
export class Alarms {
  readonly #heap: Alarm[] = [];

  /** When the next one is due. */
  get deadline(): number {
    return this.#heap[0]?.time ?? Infinity;
  }

  /** Sets an alarm, or sets it to another time; Infinity clears it. */
  set(alarm: Alarm, time: number): void {
    if (time === Infinity) return this.clear(alarm);
    alarm.time = time;
    if (alarm.place === -1) {
      alarm.place = this.#heap.length;
      this.#heap.push(alarm);
    }
    this.#rise(alarm);
    this.#sink(alarm);
  }

  /** Clears an alarm. */
  clear(alarm: Alarm): void {
    const { place } = alarm;
    if (place === -1) return;
    alarm.place = -1;
    alarm.time = Infinity;
    const last = this.#heap.pop();
    if (last === undefined || last === alarm) return;
    this.#put(last, place);
    this.#rise(last);
    this.#sink(last);
  }

  /** Rings what is due, the earliest first. One that sets itself again must do so to a later time. */
  wake(now: number): void {
    for (
      let alarm = this.#heap[0];
      alarm !== undefined && alarm.time <= now;
      alarm = this.#heap[0]
    ) {
      this.clear(alarm);
      alarm.ring(now);
    }
  }

  #put(alarm: Alarm, place: number): void {
    this.#heap[place] = alarm;
    alarm.place = place;
  }

  #rise(alarm: Alarm): void {
    while (alarm.place > 0) {
      const { place } = alarm;
      const above = this.#heap[(place - 1) >> 1];
      if (above === undefined || above.time <= alarm.time) return;
      this.#put(alarm, above.place);
      this.#put(above, place);
    }
  }

  #sink(alarm: Alarm): void {
    while (true) {
      const { place } = alarm;
      const left = this.#heap[2 * place + 1];
      const right = this.#heap[2 * place + 2];
      const below = left && right && right.time < left.time ? right : left;
      if (below === undefined || below.time >= alarm.time) return;
      this.#put(alarm, below.place);
      this.#put(below, place);
    }
  }
}
