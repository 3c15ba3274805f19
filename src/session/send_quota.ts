/**
 * How many more messages of QoS 1 and 2 may be sent before one is acknowledged (4.9 Flow Control).
 *
 * @module
 */
import type { QoS } from "../codec/packet.ts";
import type { Flight } from "./flight.ts";
import type { SendLimits } from "./send_limits.ts";

/** The send quota of one connection. */
export class SendQuota {
  #rest = 0;
  #qos2Rest = 0;

  /** Starts anew, as it does with each connection. */
  reset({ window, qos2Window }: SendLimits): void {
    this.#rest = window;
    this.#qos2Rest = qos2Window;
  }

  /** Whether one more may be sent; of QoS 0 always. */
  allows(qos: QoS): boolean {
    return qos === 0 || this.#rest > 0 && (qos === 1 || this.#qos2Rest > 0);
  }

  /** One is sent. */
  take(flight: Flight<unknown>): void {
    flight.holdsQuota = true;
    this.#rest--;
    if (flight.message.qos === 2) this.#qos2Rest--;
  }

  /**
   * The handshake of one has ended. Where this connection saw no more of it than a PUBREL sent again, it
   * took nothing and gives nothing: else the server would be sent more than it takes [MQTT-3.3.4-7].
   */
  give(flight: Flight<unknown>): void {
    if (!flight.holdsQuota) return;
    flight.holdsQuota = false;
    this.#rest++;
    if (flight.message.qos === 2) this.#qos2Rest++;
  }
}
