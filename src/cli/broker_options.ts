/**
 * The options of `midge broker`.
 *
 * @module
 */
import type { Table } from "./option.ts";
import { host, integer } from "./readers.ts";

/** The options of `midge broker`: none of those that lead a client to a server. */
export const BROKER = {
  port: {
    letters: "p",
    argument: "N",
    read: integer(0, 65_535),
    help: "the port for MQTT; 0 takes one that is free (1883)",
  },
  ws: {
    aliases: ["websocket-port"],
    argument: "N",
    read: integer(0, 65_535),
    help: "a port for MQTT over WebSocket, with the path /mqtt (none)",
  },
  bind: {
    argument: "ADDRESS",
    read: host,
    help: "the address to listen at (127.0.0.1, this machine alone)",
  },
  verbose: {
    letters: "v",
    help: "print a line for each thing that happens",
  },
  quiet: { help: "print nothing but what -v asks for, and no errors" },
  version: { help: "print the version" },
  help: { help: "print this help" },
} as const satisfies Table;
