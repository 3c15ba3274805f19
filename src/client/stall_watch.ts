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

const NONE: readonly Head[] = [];

/** A message at the head of its queue. */
interface Head {
  readonly delivery: IncomingDelivery;
  readonly since: number;
  isTold: boolean;
}

/** Watches the heads of the acknowledgement queues. */
export class StallWatch {
  readonly #life: Life;
  readonly #link: Link;
  readonly #router: Router;
  #heads: readonly Head[] = [];

  /** Makes a watch over the session of a link. */
  constructor(life: Life, link: Link, router: Router) {
    this.#life = life;
    this.#link = link;
    this.#router = router;
  }

  /** When `look()` may have something to tell, as things are at `now`. */
  deadline(now: number): number {
    this.#follow(now);
    let at = Infinity;
    for (const { since, isTold } of this.#heads) {
      if (!isTold) at = Math.min(at, since + STALLED_MS);
    }
    return at;
  }

  /** Tells what has waited too long, once. */
  look(now: number): void {
    this.#follow(now);
    for (const head of this.#heads) {
      if (head.isTold || now < head.since + STALLED_MS) continue;
      head.isTold = true;
      const topic = head.delivery.packet.topicName;
      const filter = this.#router.filterOf(topic);
      const waiting = this.#link.session.unacknowledged;
      this.#life.status.tell({ type: "stalled", topic, filter, waiting });
    }
  }

  #follow(now: number): void {
    const { session } = this.#link;
    if (session.unacknowledged === 0) this.#heads = NONE;
    else {
      this.#heads = session.waitingHeads.map((delivery) =>
        this.#heads.find((head) => head.delivery === delivery) ??
          { delivery, since: now, isTold: false }
      );
    }
  }
}
