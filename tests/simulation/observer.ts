// What one end of a wire says and hears, decoded by itself, and the rules that it must keep. The same rules
// hold for both ends, so that our client and our broker watch each other.

import { PacketDecoder } from "../../src/codec/decoder.ts";
import type {
  AckPacket,
  ConnackPacket,
  ConnectPacket,
  Packet,
  ProtocolVersion,
  PublishPacket,
  Sender,
} from "../../src/codec/packet.ts";
import { keyOf } from "./ledger.ts";
import type { Tap } from "./wires.ts";

/** A PUBLISH of QoS 1 or 2 that its sender has not finished. */
interface Unfinished {
  readonly key: string;
  readonly qos: number;
  /** Its place among those that its sender began. */
  readonly order: number;
  /** Its place among those whose PUBREC came; 0 before. */
  releaseOrder: number;
  /** Whether PUBREL was sent. */
  isReleased: boolean;
  /** Whether it may be that the sender knows nothing of PUBREC: its process has ended before PUBREL was sent. */
  isUnsure: boolean;
}

/** What one end knows of its own unfinished packets: valid for the session. */
export class SessionView {
  readonly unfinished = new Map<number, Unfinished>();
  /** What was finished last with each identifier. */
  readonly finished = new Map<number, Unfinished>();
  #orders = 0;

  /** The next place. */
  nextOrder(): number {
    return ++this.#orders;
  }

  /** The other end has said the last word of a handshake. */
  finish(packetId: number): void {
    const known = this.unfinished.get(packetId);
    if (known === undefined) return;
    this.unfinished.delete(packetId);
    this.finished.set(packetId, known);
  }

  /** A process goes on that has not kept how the handshake ended. */
  goBack(packetId: number, isSame: (finished: Unfinished) => boolean): void {
    const known = this.finished.get(packetId);
    if (known === undefined || this.unfinished.has(packetId)) return;
    if (!isSame(known)) return;
    this.finished.delete(packetId);
    this.unfinished.set(packetId, known);
  }

  /** The process has ended. */
  killed(): void {
    for (const each of this.unfinished.values()) {
      each.isUnsure = !each.isReleased;
    }
  }

  /** The session is another. */
  forget(): void {
    this.unfinished.clear();
    this.finished.clear();
  }
}

/** What an observer is made from. */
export interface EndObserverOptions {
  readonly role: Sender;
  /** Names the wire, and the time. */
  readonly name: string;
  /** The session's, once it is known whose it is. */
  readonly viewOf: (clientId: string) => SessionView;
  /** How many messages may be unacknowledged under MQTT 3.x. */
  readonly inflightMax: number;
  /** Why a message may not be acknowledged by now; undefined where it may. */
  readonly whyNotAcknowledged: (
    type: "puback" | "pubrec",
    key: string,
  ) => string | undefined;
  /** Why a packet may not leave before its sender has it kept; undefined where it may. */
  readonly whyNotKept: (
    type: "publish" | "pubrec" | "pubrel",
    packetId: number,
  ) => string | undefined;
  readonly onPacket: (packet: Packet, direction: "sent" | "received") => void;
  readonly fail: (rule: string, why: string) => void;
}

/** Watches one end of one wire. */
export class EndObserver implements Tap {
  readonly #options: EndObserverOptions;
  readonly #outgoing: PacketDecoder;
  readonly #incoming: PacketDecoder;
  #view = new SessionView();
  #version: ProtocolVersion = 5;
  #sendMax = Infinity;
  #aliasMax = 0;
  #isClean = false;
  #isResumed = false;
  #hasDisconnected = false;
  #hasEnded = false;
  /** What was sent on this connection and holds a unit of the other side's Receive Maximum. */
  readonly #window = new Set<number>();
  readonly #sentHere = new Set<number>();
  readonly #requests = new Set<number>();
  #lastOrder = 0;
  #lastRelease = 0;
  #hasSentNew = false;
  /** What is to be acknowledged, in order: QoS 1, QoS 2, PUBREL. */
  readonly #due: Record<"puback" | "pubrec" | "pubcomp", number[]> = {
    puback: [],
    pubrec: [],
    pubcomp: [],
  };
  readonly #keys = new Map<number, string>();

  constructor(options: EndObserverOptions) {
    this.#options = options;
    const other = options.role === "client" ? "server" : "client";
    this.#outgoing = new PacketDecoder({
      protocolVersion: 5,
      from: options.role,
    });
    this.#incoming = new PacketDecoder({ protocolVersion: 5, from: other });
  }

  /** How many messages that came here are not acknowledged. */
  get unacknowledged(): number {
    const { puback, pubrec, pubcomp } = this.#due;
    return puback.length + pubrec.length + pubcomp.length;
  }

  sent(bytes: Uint8Array): void {
    // What was on its way when another connection took over is of no account any more.
    if (this.#hasEnded) return;
    this.#look(this.#outgoing, bytes, "sent");
  }

  received(bytes: Uint8Array): void {
    // What comes behind one's own DISCONNECT is not looked at.
    if (this.#hasDisconnected || this.#hasEnded) return;
    this.#look(this.#incoming, bytes, "received");
  }

  ended(): void {
    this.#hasEnded = true;
  }

  #look(
    decoder: PacketDecoder,
    bytes: Uint8Array,
    direction: "sent" | "received",
  ): void {
    decoder.push(bytes);
    try {
      for (
        let packet = decoder.next();
        packet !== undefined;
        packet = decoder.next()
      ) {
        this.#options.onPacket(packet, direction);
        if (direction === "sent") this.#onSent(packet);
        else this.#onReceived(packet);
      }
    } catch (error) {
      this.#fail("well-formed packets", `${direction}: ${error}`);
    }
  }

  #onSent(packet: Packet): void {
    this.#check(
      !this.#hasDisconnected,
      "nothing behind DISCONNECT",
      packet.type,
    );
    switch (packet.type) {
      case "connect":
        return this.#onConnect(packet);
      case "connack":
        return this.#onConnack(packet);
      case "publish":
        return this.#onPublishSent(packet);
      case "puback":
      case "pubrec":
        return this.#onAcknowledged(packet);
      case "pubcomp":
        return this.#onAnswered("pubcomp", packet.packetId);
      case "pubrel":
        return this.#onPubrelSent(packet);
      case "subscribe":
      case "unsubscribe":
        this.#checkFree(packet.packetId, packet.type);
        this.#requests.add(packet.packetId);
        return;
      case "disconnect":
        this.#hasDisconnected = true;
    }
  }

  #onReceived(packet: Packet): void {
    switch (packet.type) {
      case "connect":
        return this.#onConnect(packet);
      case "connack":
        return this.#onConnack(packet);
      case "publish":
        return this.#onPublishReceived(packet);
      case "pubrel":
        this.#due.pubcomp.push(packet.packetId);
        return;
      case "puback":
      case "pubrec":
      case "pubcomp":
        return this.#onAnswer(packet);
      case "suback":
      case "unsuback":
        this.#requests.delete(packet.packetId);
    }
  }

  /** Of CONNECT each end learns what the other may be sent. */
  #onConnect(packet: ConnectPacket): void {
    const { protocolVersion, clientId, cleanStart, properties } = packet;
    this.#isClean = cleanStart;
    const isServer = this.#options.role === "server";
    this.#version = protocolVersion;
    this.#view = this.#options.viewOf(clientId);
    this.#outgoing.protocolVersion = protocolVersion;
    this.#incoming.protocolVersion = protocolVersion;
    if (protocolVersion < 5) this.#sendMax = this.#options.inflightMax;
    else if (isServer) this.#limit(properties);
  }

  #onConnack({ sessionPresent, properties }: ConnackPacket): void {
    const isClient = this.#options.role === "client";
    // MQTT 3.1 does not say it. The server's own view begins anew with its session.
    const isSilent = this.#version === 3 && !this.#isClean;
    this.#isResumed = sessionPresent || isSilent || !isClient;
    if (!this.#isResumed) this.#view.forget();
    if (isClient && this.#version === 5) this.#limit(properties);
  }

  #limit(properties: ConnectPacket["properties"]): void {
    this.#sendMax = properties.receiveMaximum ?? 65_535;
    // A packet above it fails to decode.
    this.#outgoing.sizeMax = properties.maximumPacketSize ?? Infinity;
    this.#aliasMax = properties.topicAliasMaximum ?? 0;
  }

  #onPublishSent(packet: PublishPacket): void {
    const { packetId, qos, dup, payload } = packet;
    const alias = packet.properties.topicAlias ?? 0;
    this.#check(
      alias <= this.#aliasMax,
      "Topic Alias Maximum",
      `alias ${alias} of ${this.#aliasMax}`,
    );
    if (qos === 0) return;
    this.#checkKept("publish", packetId);
    const key = keyOf(payload);
    const what = `PUBLISH ${packetId} ${key} dup ${dup}`;
    if (dup) this.#view.goBack(packetId, (finished) => finished.key === key);
    const known = this.#view.unfinished.get(packetId);
    this.#check(
      !this.#sentHere.has(packetId) && !this.#requests.has(packetId),
      "no packet id twice in flight",
      what,
    );
    if (dup) {
      this.#check(this.#isResumed, "DUP in a session that is kept", what);
      this.#check(!this.#hasSentNew, "what is sent again goes first", what);
      if (known !== undefined) {
        this.#check(
          known.key === key,
          "no packet id twice in flight",
          `${what}, and it is in use for ${known.key}`,
        );
        this.#check(
          known.releaseOrder === 0 || known.isUnsure,
          "PUBREL in place of PUBLISH after PUBREC",
          what,
        );
        this.#check(known.order > this.#lastOrder, "resend in order", what);
        this.#lastOrder = known.order;
        known.releaseOrder = 0;
      }
    } else {
      this.#hasSentNew = true;
      this.#check(
        known === undefined,
        known?.key === key ? "DUP on redelivery" : "no packet id in use twice",
        `${what}, and it is in use for ${known?.key}`,
      );
    }
    if (known === undefined) {
      const order = this.#view.nextOrder();
      this.#view.unfinished.set(packetId, {
        key,
        qos,
        order,
        releaseOrder: 0,
        isReleased: false,
        isUnsure: false,
      });
    }
    this.#sentHere.add(packetId);
    this.#window.add(packetId);
    this.#check(
      this.#window.size <= this.#sendMax,
      "Receive Maximum",
      `${this.#window.size} of ${this.#sendMax} at ${what}`,
    );
  }

  #onPubrelSent({ packetId, reasonCode }: AckPacket): void {
    if (reasonCode >= 0x80) return;
    this.#view.goBack(packetId, ({ qos }) => qos === 2);
    const known = this.#view.unfinished.get(packetId);
    this.#check(
      known === undefined || known.releaseOrder > 0,
      "PUBREL after PUBREC alone",
      `PUBREL ${packetId}`,
    );
    if (known !== undefined) {
      this.#checkKept("pubrel", packetId);
      known.isReleased = true;
    }
    // What is released on this connection follows the order of PUBREC by itself.
    if (known === undefined || this.#sentHere.has(packetId)) return;
    this.#check(
      known.releaseOrder > this.#lastRelease,
      "resend PUBREL in order",
      `PUBREL ${packetId}`,
    );
    this.#lastRelease = known.releaseOrder;
    this.#sentHere.add(packetId);
  }

  /** The other end has acknowledged. */
  #onAnswer({ type, packetId, reasonCode }: AckPacket): void {
    const known = this.#view.unfinished.get(packetId);
    if (type === "pubrec" && reasonCode < 0x80) {
      if (known?.releaseOrder === 0) {
        known.releaseOrder = this.#view.nextOrder();
      }
      return;
    }
    this.#window.delete(packetId);
    this.#sentHere.delete(packetId);
    this.#view.finish(packetId);
  }

  #onPublishReceived({ packetId, qos, payload }: PublishPacket): void {
    if (qos === 0) return;
    this.#due[qos === 1 ? "puback" : "pubrec"].push(packetId);
    this.#keys.set(packetId, keyOf(payload));
  }

  #onAcknowledged(packet: AckPacket): void {
    const { packetId, reasonCode } = packet;
    const type = packet.type === "puback" ? "puback" : "pubrec";
    this.#onAnswered(type, packetId);
    const key = this.#keys.get(packetId);
    if (key === undefined || reasonCode >= 0x80) return;
    if (type === "pubrec") this.#checkKept(type, packetId);
    const fault = this.#options.whyNotAcknowledged(type, key);
    this.#check(
      fault === undefined,
      "nothing acknowledged before it is owned",
      `${type} ${packetId} ${key}: ${fault}`,
    );
  }

  #onAnswered(type: "puback" | "pubrec" | "pubcomp", packetId: number): void {
    const due = this.#due[type].shift();
    this.#check(
      due === packetId,
      "acknowledgements in order",
      `${type} ${packetId}, and ${due ?? "none"} is due`,
    );
  }

  #checkKept(type: "publish" | "pubrec" | "pubrel", packetId: number): void {
    const fault = this.#options.whyNotKept(type, packetId);
    this.#check(
      fault === undefined,
      "nothing leaves before it is kept",
      `${type} ${packetId}: ${fault}`,
    );
  }

  #checkFree(packetId: number, what: string): void {
    this.#check(
      !this.#requests.has(packetId) && !this.#view.unfinished.has(packetId),
      "no packet id twice in flight",
      `${what} ${packetId}`,
    );
  }

  #check(holds: boolean, rule: string, why: string): void {
    if (!holds) this.#fail(rule, why);
  }

  #fail(rule: string, why: string): void {
    const { role, name } = this.#options;
    this.#options.fail(rule, `${role} on ${name}: ${why}`);
  }
}
