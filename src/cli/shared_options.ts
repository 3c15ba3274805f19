/**
 * The options that every command has. With the tables of the commands they are the option table:
 * parsing, the help and the types of a command's values all come from it. Names are those of
 * mosquitto_pub and mosquitto_sub where they have one; the old tools' spellings are aliases.
 *
 * @module
 */
import type { Table } from "./option.ts";
import {
  attempts,
  duration,
  flag,
  host,
  integer,
  protocolVersion,
  qos,
  sessionExpiry,
  text,
} from "./readers.ts";
import { WIRES } from "./wire_options.ts";

const PASSWORDS = ["password", "passwordFile", "passwordEnv", "askPassword"];

/** The options that every command has. */
export const SHARED = {
  url: {
    letters: "L",
    argument: "URL",
    read: text,
    rivals: ["host", "port"],
    help:
      "mqtt(s)://user:password@host:port/topic, ws(s)://, unix:; also without -L",
  },
  host: {
    letters: "Hh",
    argument: "HOST",
    read: host,
    help: "the server's name or address (localhost)",
  },
  port: {
    letters: "p",
    argument: "N",
    read: integer(1, 65_535),
    help: "the server's port (1883, TLS 8883, WebSocket 80 and 443)",
  },
  ...WIRES,
  embedded: {
    // The session of a store is with a server that keeps it.
    rivals: ["url", "host", "port", "store", ...Object.keys(WIRES)],
    help: "a broker of the command's own, in memory: no server is needed",
  },
  clientId: {
    letters: "i",
    aliases: ["id"],
    argument: "ID",
    read: text,
    rivals: ["idPrefix"],
    help: "the client identifier (midge and random letters)",
  },
  idPrefix: {
    letters: "I",
    argument: "S",
    read: text,
    // The next process has another id, and so another session.
    rivals: ["store"],
    help: "a client identifier of S and the process id",
  },
  username: {
    letters: "u",
    argument: "NAME",
    read: text,
    help: "the user name",
  },
  password: {
    letters: "P",
    aliases: ["pw"],
    argument: "S",
    read: text,
    rivals: PASSWORDS,
    help: "the password; everyone can see it in the process list",
  },
  passwordFile: {
    argument: "FILE",
    read: text,
    rivals: PASSWORDS,
    help: "the password is the first line of FILE",
  },
  passwordEnv: {
    argument: "VARIABLE",
    read: text,
    rivals: PASSWORDS,
    help: "the password is in an environment variable",
  },
  askPassword: {
    rivals: PASSWORDS,
    help: "ask for the password on the terminal",
  },
  keepalive: {
    letters: "k",
    aliases: ["keep-alive"],
    argument: "SECONDS",
    read: integer(0, 65_535),
    help: "Keep Alive; 0 turns it off (60)",
  },
  protocolVersion: {
    letters: "V",
    argument: "VERSION",
    read: protocolVersion,
    help: "5, 3.1.1 or 3.1 (5, and lower where the server wants it)",
  },
  noClean: {
    letters: "c",
    aliases: ["disable-clean-session"],
    help: "go on with the session that the server keeps for --client-id",
  },
  sessionExpiry: {
    letters: "x",
    aliases: ["session-expiry-interval"],
    argument: "TIME",
    read: sessionExpiry,
    mqtt5: true,
    help: "how long the session outlives the connection: 90, 1h, never",
  },
  property: {
    letters: "D",
    argument: "'PACKET NAME VALUE'",
    read: text,
    repeat: true,
    // mosquitto's tools take three arguments, or four for a name and a value of one's own.
    takes: (following) =>
      /\s/.test(following[0] ?? " ")
        ? 1
        : following[1] === "user-property"
        ? 4
        : 3,
    mqtt5: true,
    help: "a property of a packet: -D publish content-type text/plain",
  },
  userProperty: {
    argument: "NAME=VALUE",
    read: text,
    repeat: true,
    mqtt5: true,
    help: "a User Property of what is published or subscribed to",
  },
  connectTimeout: {
    argument: "TIME",
    read: duration,
    help: "how long connecting may take (10s)",
  },
  reconnect: {
    argument: "[=N]",
    read: attempts,
    takes: () => 0,
    rivals: ["noReconnect"],
    help: "come back from a lost connection; N failures in a row end it",
  },
  noReconnect: {
    help: "a lost connection ends it: so it is with one message alone",
  },
  willTopic: {
    letters: "w",
    argument: "TOPIC",
    read: text,
    help: "the will: what the server publishes if this client is lost",
  },
  willMessage: {
    aliases: ["will-payload"],
    argument: "TEXT",
    read: text,
    help: "the will's payload",
  },
  willQos: {
    argument: "QOS",
    read: qos,
    help: "the will's QoS (0)",
  },
  willRetain: {
    argument: "[0|1]",
    read: flag,
    takes: (following) => /^[01]$/.test(following[0] ?? "") ? 1 : 0,
    help: "the will is retained",
  },
  debug: {
    letters: "d",
    help: "show each packet, and the stack of an error, on stderr",
  },
  quiet: {
    help: "print no errors and no notes; the exit code tells",
  },
  version: { help: "print the version" },
  help: { help: "print this help" },
} as const satisfies Table;
