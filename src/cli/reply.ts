/**
 * What `midge subscribe --reply` answers to requests (MQTT 5, chapter 4.10).
 *
 * @module
 */
import type { Client, Message } from "../../mod.ts";
import { sentence } from "./sentence.ts";
import { writeError } from "./terminal.ts";
import { UsageError } from "./usage_error.ts";

/** Answers a message that asks for it. It never rejects: what goes wrong is told on stderr. */
export type Replier = (client: Client, message: Message) => Promise<void>;

/** Answers with a text, or behind `|` with what a command makes of the request. Throws where no command is there. */
export function replier(reply: string): Replier {
  if (/^\|\s*$/.test(reply)) {
    throw new UsageError("option --reply needs a command behind |");
  }
  const answer = reply.startsWith("|")
    ? (message: Message) => outputOf(reply.slice(1), message)
    : () => Promise.resolve(reply);
  return async (client, message) => {
    const { responseTopic, correlationData } = message.properties;
    if (responseTopic === undefined) return;
    try {
      await client.publish(responseTopic, await answer(message), {
        qos: message.qos,
        ...(correlationData && { properties: { correlationData } }),
      });
    } catch (error) {
      writeError(`midge: no reply to ${message.topic}: ${sentence(error)}`);
    }
  };
}

/** What the command prints, given the payload. It finds the topic in its environment. */
async function outputOf(
  command: string,
  { topic, payload }: Message,
): Promise<Uint8Array> {
  const child = new Deno.Command("sh", {
    args: ["-c", command],
    env: { MIDGE_TOPIC: topic },
    stdin: "piped",
    stdout: "piped",
    stderr: "inherit",
  }).spawn();
  // A command that does not read what it is given is content with less.
  const given = new Response(payload.slice()).body?.pipeTo(child.stdin)
    .catch(() => {});
  const { success, code, stdout } = await child.output();
  await given;
  if (!success) throw new Error(`the command ended with ${code}`);
  return stdout;
}
