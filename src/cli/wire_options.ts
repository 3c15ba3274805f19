/**
 * The options that say which wire leads to the server, and how it proves who it is. Every command
 * has them.
 *
 * @module
 */
import type { Table } from "./option.ts";
import { insecure, path, protocolName, serverName, text } from "./readers.ts";

/** The options that ask for TLS. */
export const TLS_OPTIONS = [
  "tls",
  "cafile",
  "cert",
  "key",
  "servername",
  "alpn",
  "insecure",
] as const;

/** The options that ask for a WebSocket. */
export const WEBSOCKET_OPTIONS = ["wsPath", "wsHeader"] as const;

/** The options of the wires. */
export const WIRES = {
  unix: {
    argument: "PATH",
    read: path,
    rivals: [
      ...["url", "host", "port", "noTls"],
      ...TLS_OPTIONS,
      ...WEBSOCKET_OPTIONS,
    ],
    help: "the server's socket on this machine",
  },
  tls: {
    aliases: ["tls-use-os-certs"],
    help: "TLS; port 8883 and the next six options imply it",
  },
  cafile: {
    argument: "FILE",
    read: path,
    help: "issuers to trust besides Deno's, in PEM form",
  },
  cert: {
    argument: "FILE",
    read: path,
    help: "our certificate, in PEM form; goes with --key",
  },
  key: {
    argument: "FILE",
    read: path,
    help: "its private key, in PEM form, not encrypted",
  },
  servername: {
    aliases: ["server-name"],
    argument: "HOST",
    read: serverName,
    help: "the name that the server's certificate must hold",
  },
  alpn: {
    aliases: ["tls-alpn"],
    argument: "NAME",
    read: protocolName,
    repeat: true,
    help: "a protocol to offer (ALPN), such as mqtt",
  },
  insecure: {
    argument: "[name|everything]",
    read: insecure,
    takes: (following) =>
      /^(name|everything)$/.test(following[0] ?? "") ? 1 : 0,
    help: "the server's name is not checked; everything: nothing is",
  },
  noTls: {
    rivals: TLS_OPTIONS,
    help: "no TLS, even with port 8883",
  },
  wsPath: {
    argument: "PATH",
    read: path,
    help: "a WebSocket with this path (/mqtt); port 443 implies TLS",
  },
  wsHeader: {
    argument: "'NAME: VALUE'",
    read: text,
    repeat: true,
    help: "a header field of the WebSocket's request",
  },
} as const satisfies Table;
