/**
 * Tells of a message that heads an acknowledgement queue for long: what comes behind it cannot be
 * acknowledged, and once the server's window is full it sends nothing more.
 *
 * @module
 */
import type { IncomingDelivery } from "../session/delivery.ts";
import type { Life } from "./life.ts";
import type { Link } from "./link.ts";
import type { Router } from "./router.ts";

/** How long a message may head its queue before it is told. */
export const STALLED_MS = 10_000;

/** Watches the heads of the acknowledgement queues. */
export class StallWatch {
  readonly #life: Life;
  readonly #link: Link;
  readonly #router: Router;
  // Each message is told once.
  #told = new WeakSet<IncomingDelivery>();

  /** Makes a watch over the session of a link. */
  constructor(life: Life, link: Link, router: Router) {
    this.#life = life;
    this.#link = link;
    this.#router = router;
  }

  /** When `look()` may have something to tell. */
  get deadline(): number {
    const { session } = this.#link;
    if (session.unacknowledged === 0) return Infinity;
    let at = Infinity;
    for (const head of session.waitingHeads) {
      if (!this.#told.has(head)) at = Math.min(at, head.arrivedAt + STALLED_MS);
    }
    return at;
  }

  /** Tells what has waited too long. */
  look(now: number): void {
    if (now < this.deadline) return;
    const { session } = this.#link;
    for (const head of session.waitingHeads) {
      if (this.#told.has(head) || now < head.arrivedAt + STALLED_MS) continue;
      this.#told.add(head);
      const topic = head.packet.topicName;
      const filter = this.#router.filterOf(topic);
      const waiting = session.unacknowledged;
      this.#life.status.tell({ type: "stalled", topic, filter, waiting });
    }
  }
}
