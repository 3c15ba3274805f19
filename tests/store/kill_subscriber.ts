/**
 * A process that receives at QoS 1 and 2 with a file store until somebody kills it, and says which messages it is
 * handed (`h`) and which it is about to acknowledge (`a`). A few are always in hand. Run as
 * `kill_subscriber.ts URL VERSION DURABILITY PATH RUN`; without RUN it holds none, and ends behind the last message.
 *
 * @module
 */
import { connect, fileStore, type Message } from "../../mod.ts";

/** How many messages the program has in hand before it acknowledges the first of them. */
const IN_HAND = 5;

if (import.meta.main) {
  const [url = "", version, durability, path = "", run] = Deno.args;
  await using client = await connect(url, {
    clientId: "killed",
    cleanStart: false,
    protocolVersion: version === "5" ? 5 : 4,
    ack: "manual",
    store: fileStore(path, {
      durability: durability === "sync" ? "sync" : "flush",
    }),
  });
  const encoder = new TextEncoder();
  // Not through a buffer: what waits there would be lost with the process.
  const say = (what: "h" | "a", { topic, payload }: Message) => {
    const number = new TextDecoder().decode(payload);
    Deno.stdout.writeSync(encoder.encode(`${what} ${topic} ${number}\n`));
  };
  const inHand: Message[] = [];
  for await (const message of client) {
    say("h", message);
    inHand.push(message);
    while (inHand.length > (run === undefined ? 0 : IN_HAND)) {
      const first = inHand.shift();
      if (first === undefined) break;
      say("a", first);
      void first.ack();
    }
    if (message.topic === "kill/end") break;
  }
}
