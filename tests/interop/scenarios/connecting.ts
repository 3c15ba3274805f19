// Who is let in, who is not, and what keeps a connection or ends it.

import { assert, assertEquals, assertRejects } from "@std/assert";
import { ConnectError, ConnectionLostError, ReasonCode } from "../../../mod.ts";
import { take } from "../../support/take.ts";
import { ALICE } from "../servers/server.ts";
import { PacketLog } from "./packet_log.ts";
import { RawClient } from "./raw_client.ts";
import { offered, type ScenarioGroup, since } from "./scenario.ts";

/** "Bad user name or password" or "Not authorized": a server may say either. */
const REFUSALS = { 3: [4, 5], 4: [4, 5], 5: [0x86, 0x87] } as const;

export const CONNECTING: ScenarioGroup = {
  title: "Connecting",
  scenarios: [
    ...since(3, {
      async "A client that names no user is let in"(stage) {
        const { clientId } = stage;
        const client = await stage.connect({ clientId }, { isNameless: true })
          .catch((error) => {
            offered(!(error instanceof ConnectError), error.refusal);
            throw error;
          });
        const { connection } = client;
        assertEquals(connection.protocolVersion, stage.protocolVersion);
        assertEquals(connection.clientId, clientId);
        assertEquals(connection.sessionPresent, false);
      },

      async "A client that asks for no version settles on this one or a later one"(
        stage,
      ) {
        const { connection } = await stage.connect({}, { isAnyVersion: true });
        assert(connection.protocolVersion >= stage.protocolVersion);
      },

      async "A user is let in by the right password"(stage) {
        const client = await stage.connect(ALICE);
        const messages = await client.subscribe(stage.topic, { qos: 1 });
        await client.publish(stage.topic, "let in", { qos: 1 });
        assertEquals((await take(messages, 1))[0]?.text(), "let in");
      },

      async "A user is refused for a wrong password"(stage) {
        const password = "wrong";
        const error = await assertRejects(
          () => stage.connect({ ...ALICE, password }),
          ConnectError,
        );
        const { reasonCode, stage: reached } = error;
        const refusals = REFUSALS[stage.protocolVersion];
        assert(refusals.some((code) => code === reasonCode), error.message);
        assertEquals(reached, "connack");
      },

      async "A WebSocket leads to the same topics as TCP"(stage) {
        const { websocketUrl } = stage.server;
        if (websocketUrl === undefined) {
          return offered(false, "there is no WebSocket listener on loopback");
        }
        const one = await stage.connect();
        const other = await stage.connect({}, { url: websocketUrl });
        for (const [from, to] of [[one, other], [other, one]] as const) {
          await using messages = await to.subscribe(stage.topic, { qos: 1 });
          await from.publish(stage.topic, "across", { qos: 1 });
          assertEquals((await take(messages, 1))[0]?.text(), "across");
        }
      },

      async "A client that has nothing to say is kept by PINGREQ and PINGRESP"(
        stage,
      ) {
        const log = new PacketLog();
        const client = await stage.connect({ keepAlive: 2 }, { log });
        await log.hasCome("pingresp", 2);
        assert(client.connected);
      },

      async "A client that is silent for one and a half Keep Alives is dropped"(
        { server, protocolVersion, clientId },
      ) {
        const { client, connack } = await RawClient.connect(server.url, {
          ...{ protocolVersion, clientId, keepAlive: 1, ...server.login },
        });
        using _connection = client;
        assertEquals(connack?.type, "connack");
        await client.ending();
      },

      async "A second client of the same client id takes over from the first"(
        stage,
      ) {
        const { clientId, topic } = stage;
        const first = await stage.connect({ clientId });
        const second = await stage.connect({ clientId });
        assert(await first.closed instanceof ConnectionLostError);
        const messages = await second.subscribe(topic, { qos: 1 });
        await second.publish(topic, "mine", { qos: 1 });
        assertEquals((await take(messages, 1))[0]?.text(), "mine");
      },
    }),

    ...since(4, {
      async "A client without a client id is let in, and by MQTT 5 told which it has"(
        stage,
      ) {
        const { connection } = await stage.connect({ clientId: "" });
        const isNamed = connection.clientId !== "";
        assertEquals(isNamed, stage.protocolVersion === 5);
      },
    }),

    ...since(5, {
      async "An authentication method that the server has not is refused (0x8C)"(
        stage,
      ) {
        const error = await assertRejects(
          () =>
            stage.connect({
              properties: {
                authenticationMethod: "none such",
                authenticationData: Uint8Array.of(1),
              },
            }),
          ConnectError,
        );
        assertEquals(
          error.reasonCode,
          ReasonCode.badAuthenticationMethod,
          error.message,
        );
      },
    }),
  ],
};
