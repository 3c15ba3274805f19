// The time of our own tests, which is the one that users' tests have, and the end of a macrotask.

export { VirtualClock } from "../../src/testing/virtual_clock.ts";

/**
 * Resolves when all that bytes have set going is done. Wires in memory and the virtual clock go on by
 * microtasks alone, and what the client does at the end of a macrotask was scheduled before this.
 */
export async function settled(): Promise<void> {
  for (let i = 0; i < 3; i++) {
    await new Promise((resolve) => setImmediate(resolve));
  }
}

/** Whether a promise is undecided when all that was set going is done. */
export async function isPending(promise: Promise<unknown>): Promise<boolean> {
  let isDecided = false;
  const decided = () => isDecided = true;
  promise.then(decided, decided);
  await settled();
  return !isDecided;
}
