/**
 * The broker of `--embedded`: in this process, reached in memory, so that it needs no permission.
 *
 * @module
 */
import { Broker } from "../../testing.ts";
import { writeError } from "./terminal.ts";

const LOOPBACK = "127.0.0.1";

/** Where clients look for a broker. */
const PORT = 1883;

/**
 * Makes the broker of a command. To one that goes on until it is interrupted others may come: for them it listens,
 * where that is permitted.
 */
export async function embed(
  { quiet }: { readonly quiet: boolean },
  isOpenEnded: boolean,
): Promise<Broker> {
  if (!isOpenEnded) return new Broker({ messagesMax: 0 });
  const net = { name: "net", host: LOOPBACK } as const;
  const mayListen = Deno.permissions.querySync(net).state === "granted";
  const broker = mayListen ? await listen() : new Broker({ messagesMax: 0 });
  if (!quiet) {
    writeError(
      mayListen
        ? `midge: others reach the embedded broker at ${broker.url}`
        : `midge: nobody else reaches the embedded broker: that takes --allow-net=${LOOPBACK}`,
    );
  }
  return broker;
}

/** Where another broker has the usual port, any other will do. */
async function listen(): Promise<Broker> {
  try {
    return await Broker.listen({ port: PORT, messagesMax: 0 });
  } catch {
    return await Broker.listen({ messagesMax: 0 });
  }
}
