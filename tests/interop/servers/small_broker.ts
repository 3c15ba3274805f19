// The small broker of the test kit, as one more server of the scenarios: it needs nothing to be installed.

import { Broker, type BrokerOptions } from "../../../testing.ts";
import { VERSION } from "../../../mod.ts";
import { ALICE, FORBIDDEN, type Server, type ServerKind } from "./server.ts";

const OPTIONS: BrokerOptions = {
  authenticate: ({ username, passwordText }) =>
    username === undefined ||
    username === ALICE.username && passwordText === ALICE.password,
  authorize: ({ topic }) =>
    topic.split("/")[0] !== FORBIDDEN ||
    { reasonCode: 0x87, properties: { reasonString: "nobody may" } },
  receiveMaximum: 20,
  topicAliasMaximum: 10,
  outgoingTopicAliasMaximum: 10,
  responseInformation: (clientId) => `replies/${clientId}`,
};

const LIMITED: BrokerOptions = {
  ...OPTIONS,
  maximumQoS: 1,
  retainAvailable: false,
  wildcardSubscriptionAvailable: false,
  subscriptionIdentifiersAvailable: false,
  sharedSubscriptionAvailable: false,
  receiveMaximum: 4,
  maximumPacketSize: 2_000,
  topicAliasMaximum: 3,
  serverKeepAlive: 30,
  sessionExpiryIntervalMax: 60,
};

/** The broker of `testing.ts`. */
export const smallBroker: ServerKind = {
  name: "midge",
  package: undefined,
  async start(): Promise<Server> {
    await using stack = new AsyncDisposableStack();
    const broker = stack.use(
      await Broker.listen({ ...OPTIONS, websocketPort: 0 }),
    );
    const limited = stack.use(await Broker.listen(LIMITED));
    const started = stack.move();
    return {
      name: "midge's small broker",
      version: VERSION,
      login: {},
      url: broker.url,
      websocketUrl: broker.websocketUrl,
      limitedUrl: limited.url,
      restart: () => Promise.resolve(broker.restart()),
      log: () => "",
      [Symbol.asyncDispose]: () => started.disposeAsync(),
    };
  },
};
