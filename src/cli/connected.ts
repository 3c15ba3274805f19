/**
 * The wait of a command whose connection was lost.
 *
 * @module
 */
import type { Client } from "../../mod.ts";

/** Resolves when there is a connection, or never will be; throws the reason of the signal. */
export async function connected(
  client: Client,
  signal: AbortSignal,
): Promise<void> {
  signal.throwIfAborted();
  if (client.connected) return;
  const status = client.status();
  const leave = () => void status.return?.();
  signal.addEventListener("abort", leave, { once: true });
  let isBack = false;
  for await (const { type } of status) {
    isBack = type === "back";
    if (isBack) break;
  }
  signal.removeEventListener("abort", leave);
  signal.throwIfAborted();
  // A client that has a store tells that it has ended, and then why.
  if (!isBack) await client.closed;
  signal.throwIfAborted();
}
