// What the tests use of npm:ws, which has no types of its own.

import type { Server } from "node:http";
import type { Server as SecureServer } from "node:https";

/** How a server accepts WebSockets. */
export interface WebSocketServerOptions {
  readonly server: Server | SecureServer;
  /** Any other path is answered with 400. */
  readonly path?: string;
  /** Whether compression is agreed upon with who asks for it. */
  readonly perMessageDeflate?: boolean;
  /** Chooses among the subprotocols that were offered; false for none. */
  readonly handleProtocols?: (offered: Set<string>) => string | false;
  /** A larger message ends the connection with 1009. */
  readonly maxPayload?: number;
}

/** Accepts WebSockets on a server of HTTP. */
export class WebSocketServer {
  constructor(options: WebSocketServerOptions);
  readonly clients: ReadonlySet<WebSocket>;
  on(type: "connection", listener: (socket: WebSocket) => void): this;
  close(): void;
}

/** The server's end of a connection. */
export class WebSocket {
  readonly extensions: string;
  readonly protocol: string;
  send(
    data: Uint8Array | string,
    options: { readonly binary?: boolean; readonly fin?: boolean },
    done?: (error?: Error) => void,
  ): void;
  ping(data?: Uint8Array | string): void;
  close(code?: number, reason?: string): void;
  terminate(): void;
  pause(): void;
  resume(): void;
  on(
    type: "message",
    listener: (data: Uint8Array, isBinary: boolean) => void,
  ): this;
  on(type: "pong", listener: (data: Uint8Array) => void): this;
  on(
    type: "close",
    listener: (code: number, reason: Uint8Array) => void,
  ): this;
  on(type: "error", listener: (error: Error) => void): this;
}
