// Where a scenario plays: one server, one version, and topics that are nobody else's.

import {
  type Client,
  connect,
  type ConnectOptions,
  type ProtocolVersion,
} from "../../../mod.ts";
import { tappedTransport } from "../../support/tapped_transport.ts";
import type { Server } from "../servers/server.ts";
import type { PacketLog } from "./packet_log.ts";

/** How long the last publishes of a scenario may take to be acknowledged. */
const GOODBYE_MS = 1_000;

/** The way to the server, where it is not the usual one. */
export interface Way {
  /** To the server that announces narrow limits, if it can be told to. */
  readonly isLimited?: true;
  /** Without the user name that the server may need. */
  readonly isNameless?: true;
  /** By whatever version the two settle on. */
  readonly isAnyVersion?: true;
  /** With a log of what is sent and received, over TCP. */
  readonly log?: PacketLog;
  /** By another URL than the server's. */
  readonly url?: string;
}

/** What a scenario has at hand. Disposed, its clients have ended. */
export class Stage implements AsyncDisposable {
  /** The server, with which nobody else plays at the time. */
  readonly server: Server;
  readonly protocolVersion: ProtocolVersion;
  /** A topic that nobody else uses, nor one below it. */
  readonly topic: string;
  /** A client id that nobody else uses. */
  readonly clientId: string;
  /** What went over the wires, in readable lines. */
  readonly lines: string[] = [];
  readonly #clients: Client[] = [];

  /** Sets a stage. */
  constructor(server: Server, protocolVersion: ProtocolVersion) {
    this.server = server;
    this.protocolVersion = protocolVersion;
    const random = crypto.randomUUID().slice(0, 8);
    this.topic = `interop/${random}`;
    this.clientId = `interop${random}`;
  }

  /** A client by the version of the stage. It does not come back unless asked to: what ends it is a finding. */
  async connect(options: ConnectOptions = {}, way: Way = {}): Promise<Client> {
    const { server, protocolVersion } = this;
    const { isLimited, isNameless, isAnyVersion, log, url: ownUrl } = way;
    const url = ownUrl ?? (isLimited && server.limitedUrl || server.url);
    const number = this.#clients.length + 1;
    const client = await connect(url, {
      reconnect: false,
      ...(isAnyVersion ? {} : { protocolVersion }),
      ...(isNameless ? {} : server.login),
      ...(log === undefined ? {} : {
        transport: tappedTransport(
          Number(new URL(url).port),
          protocolVersion,
          log,
        ),
      }),
      ...options,
      debug: (line) => this.lines.push(`client ${number} ${line}`),
    });
    this.#clients.push(client);
    return client;
  }

  async [Symbol.asyncDispose](): Promise<void> {
    await Promise.all(this.#clients.map(async (client) => {
      await client.disconnect({ timeoutMs: GOODBYE_MS });
      await client.closed;
    }));
  }
}
