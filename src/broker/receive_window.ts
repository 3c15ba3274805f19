/**
 * How many messages of QoS 1 and 2 a client has sent that are not answered to the end (4.9).
 *
 * @module
 */
import type { Link } from "./link.ts";
import { windowExceeded } from "./misconduct.ts";

/**
 * The receive window of one connection. An answer counts when its bytes have been taken: before, the
 * client cannot know of it.
 */
export class ReceiveWindow {
  readonly #link: Link;
  readonly #max: number;
  #unanswered = 0;
  /** How many of them have their answer among the bytes that wait. */
  #leaving = 0;
  #takes = 0;

  /** Makes a window; `max` is the Receive Maximum of CONNACK, Infinity under MQTT 3.x. */
  constructor(link: Link, max: number) {
    this.#link = link;
    this.#max = max;
  }

  /** A message has come. Throws a ProtocolError where it is one too many [MQTT-3.3.4-7]. */
  enter(): void {
    this.#settle();
    if (this.#unanswered >= this.#max) throw windowExceeded(this.#max);
    this.#unanswered++;
  }

  /** PUBACK, PUBCOMP, or a PUBREC that refuses, was written. */
  leave(): void {
    this.#settle();
    this.#leaving++;
  }

  #settle(): void {
    const { takes } = this.#link;
    if (takes === this.#takes) return;
    this.#takes = takes;
    this.#unanswered -= this.#leaving;
    this.#leaving = 0;
  }
}
