// The whole list of behaviours against the small broker, over each wire that leads to it.

import { Broker, type BrokerOptions } from "../../testing.ts";
import { type InteropServer, interopTests } from "../support/interop.ts";
import { certificateTests } from "../support/certificates.ts";

const TIMEOUT_MS = 60_000;

const STRANGER = { username: "alice", password: "wrong" };

const OPTIONS: BrokerOptions = {
  authenticate: ({ passwordText }) => passwordText !== STRANGER.password,
};

/** How a client gets to a broker that was made in one way or another. */
const WAYS: Readonly<
  Record<string, () => Promise<[Broker, InteropServer]>>
> = {
  memory() {
    const broker = new Broker(OPTIONS);
    const { url, transport } = broker;
    return Promise.resolve([broker, { url, options: { transport } }]);
  },
  async "mqtt:"() {
    const broker = await Broker.listen(OPTIONS);
    return [broker, { url: broker.url }];
  },
  async "ws:"() {
    const broker = await Broker.listen({ ...OPTIONS, websocketPort: 0 });
    return [broker, { url: broker.websocketUrl ?? "" }];
  },
};

for (const [wire, make] of Object.entries(WAYS)) {
  interopTests(
    (name, run) =>
      Deno.test({
        name: `${name} (the small broker) over ${wire}`,
        timeout: TIMEOUT_MS,
        async fn() {
          const [made, server] = await make();
          await using _broker = made;
          await run(server);
        },
      }),
    STRANGER,
  );
}

const tlsTest = await certificateTests();

interopTests(
  (name, run) =>
    tlsTest(`${name} (the small broker) over wss:`, async ({ ca, server }) => {
      await using broker = await Broker.listen({
        ...OPTIONS,
        tls: server,
        websocketPort: 0,
      });
      const options = { tls: { caCerts: ca } };
      await run({ url: broker.websocketUrl ?? "", options });
    }),
  STRANGER,
);
