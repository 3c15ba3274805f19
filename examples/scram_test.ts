// SCRAM-SHA-256, by the worked example of RFC 7677 and with a broker in the same process that asks for it.

import { assert, assertEquals, assertRejects } from "@std/assert";
import { type AuthenticationAnswer, ConnectError, ReasonCode } from "../mod.ts";
import { Broker } from "../testing.ts";
import { scram, ScramServer, storedKeys } from "./scram.ts";

const encoder = new TextEncoder();
const decoder = new TextDecoder();

/** The exchange of RFC 7677, chapter 3: the user is "user", the password "pencil". */
const CLIENT_NONCE = "rOprNGfwEbeRWgbNEkqO";
const SERVER_NONCE = "%hvYDpWUa2RaTCAfuxFIlj)hNlF$k0";
const SALT = Uint8Array.from(
  atob("W22ZaJ0SNY7soEsUEjb6gQ=="),
  (character) => character.charCodeAt(0),
);
const CLIENT_FIRST = `n,,n=user,r=${CLIENT_NONCE}`;
const SERVER_FIRST =
  `r=${CLIENT_NONCE}${SERVER_NONCE},s=W22ZaJ0SNY7soEsUEjb6gQ==,i=4096`;
const CLIENT_FINAL =
  `c=biws,r=${CLIENT_NONCE}${SERVER_NONCE},p=dHzbZapWIk4jUhN+Ute9ytag9zjfMHgsqmmiz7AndVQ=`;
const SERVER_FINAL = "v=6rriTRBi23WpRR/wtup+mMhUZUn/dB5nLTJRsjl95G4=";

function answer(text: string): AuthenticationAnswer {
  return { data: encoder.encode(text), isEnd: false, properties: {} };
}

function begin() {
  const { authenticate } = scram("user", "pencil", () => CLIENT_NONCE);
  assert(authenticate !== undefined);
  return authenticate({
    authenticationMethod: "SCRAM-SHA-256",
    step: "connect",
    signal: new AbortController().signal,
  });
}

/** A broker that knows one user. What `tamper` makes of its last word is what the client gets. */
async function makeBroker(
  tamper: (final: string) => string = (final) => final,
): Promise<Broker> {
  const keys = await storedKeys("pencil", SALT);
  const exchanges = new Map<string, ScramServer>();
  return new Broker({
    authenticationMethods: {
      async "SCRAM-SHA-256"({ clientId, step, data }) {
        const said = decoder.decode(data);
        if (step !== "continue") {
          const server = new ScramServer((user) =>
            user === "a=b,c" ? keys : undefined
          );
          exchanges.set(clientId, server);
          const challenge = server.challenge(said);
          if (challenge === undefined) return false;
          return { data: encoder.encode(challenge), more: true };
        }
        const final = await exchanges.get(clientId)?.verdict(said);
        if (final === undefined) return false;
        return { data: encoder.encode(tamper(final)), more: false };
      },
    },
  });
}

Deno.test("scram says what RFC 7677 has as its example, and is content with the server's signature", async () => {
  const exchange = begin();
  assertEquals((await exchange.next()).value, CLIENT_FIRST);
  assertEquals((await exchange.next(answer(SERVER_FIRST))).value, CLIENT_FINAL);
  assertEquals((await exchange.next(answer(SERVER_FINAL))).done, true);
});

Deno.test("ScramServer answers as the server of RFC 7677 does", async () => {
  const keys = await storedKeys("pencil", SALT);
  const server = new ScramServer(() => keys, SERVER_NONCE);
  assertEquals(server.challenge(CLIENT_FIRST), SERVER_FIRST);
  assertEquals(await server.verdict(CLIENT_FINAL), SERVER_FINAL);
  assertEquals(
    await server.verdict(CLIENT_FINAL.replace("p=d", "p=e")),
    undefined,
  );
});

Deno.test("scram does not go on with a server that has no part in the nonce, asks for few rounds, or has no proof", async () => {
  for (
    const [challenge, final] of [
      [SERVER_FIRST.replace(CLIENT_NONCE, "x"), ""],
      [SERVER_FIRST.replace(SERVER_NONCE, ""), ""],
      [SERVER_FIRST.replace("4096", "1"), ""],
      [SERVER_FIRST.replace("4096", "99999999"), ""],
      [SERVER_FIRST, SERVER_FINAL.replace("v=6", "v=7")],
      [SERVER_FIRST, ""],
    ] as const
  ) {
    const exchange = begin();
    await exchange.next();
    await assertRejects(async () => {
      await exchange.next(answer(challenge));
      await exchange.next(answer(final));
    }, Error);
  }
});

Deno.test("a client connects by SCRAM-SHA-256, and authenticates anew", async () => {
  await using broker = await makeBroker();
  await using client = await broker.connect(scram("a=b,c", "pencil"));
  await client.reauthenticate();
  await client.publish("known", "", { qos: 1 });
  assertEquals(broker.messages.length, 1);
});

Deno.test("a wrong password and an unknown user are refused", async () => {
  await using broker = await makeBroker();
  for (const [user, password] of [["a=b,c", "pen"], ["b", "pencil"]] as const) {
    const error = await assertRejects(
      () => broker.connect(scram(user, password)),
      ConnectError,
    );
    assertEquals(error.reasonCode, ReasonCode.notAuthorized);
  }
});

Deno.test("a server that does not know the password is not connected to", async () => {
  await using broker = await makeBroker(() => "v=AAAA");
  await assertRejects(
    () => broker.connect(scram("a=b,c", "pencil")),
    ConnectError,
    "the server has not proved that it knows us",
  );
});
