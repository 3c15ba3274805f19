// Every wire to the mosquitto of the tests: where it leads to, and with what.

import type { ConnectOptions } from "../../mod.ts";
import type { SecurePeers } from "./mosquitto_tests.ts";

/** A wire to a broker. */
export interface Way {
  readonly url: string;
  readonly options: ConnectOptions;
}

/** The wires by their names, each of which begins with the scheme. */
export const WAYS: Readonly<Record<string, (peers: SecurePeers) => Way>> = {
  "mqtt:": ({ broker }) => ({
    url: `mqtt://localhost:${broker.tcp}`,
    options: {},
  }),
  "mqtt: with a password": ({ broker }) => ({
    url: `mqtt://127.0.0.1:${broker.auth}`,
    options: { username: "alice", password: "secret" },
  }),
  "mqtts:": ({ broker, certificates }) => ({
    url: `mqtts://127.0.0.1:${broker.tls}`,
    options: { tls: { caCerts: certificates.ca } },
  }),
  "mqtts: with a client certificate": ({ broker, certificates }) => ({
    url: `mqtts://localhost:${broker.mtls}`,
    options: { tls: { caCerts: certificates.ca, ...certificates.alice } },
  }),
  "mqtts: with a self-signed certificate": ({ broker, certificates }) => ({
    url: `mqtts://127.0.0.1:${broker.selfSigned}`,
    options: { tls: { caCerts: certificates.selfSigned.cert } },
  }),
  "unix:": ({ broker }) => ({ url: `unix:${broker.unix}`, options: {} }),
  "ws:": ({ broker }) => ({
    url: `ws://127.0.0.1:${broker.ws}`,
    options: {},
  }),
  "wss:": ({ broker, certificates }) => ({
    url: `wss://localhost:${broker.wss}/mqtt`,
    options: { tls: { caCerts: certificates.ca } },
  }),
  "wss: with nothing checked": ({ broker }) => ({
    url: `wss://127.0.0.1:${broker.wss}`,
    options: { tls: { insecure: "everything" } },
  }),
};
