// A system that refuses to turn Nagle's algorithm off, as some do for a connection that was reset already.

/** Has it refuse while `use` runs; `connection` is any. */
export async function refusingNoDelay(
  connection: Deno.TcpConn,
  use: () => Promise<void>,
): Promise<void> {
  const prototype: unknown = Object.getPrototypeOf(connection);
  if (typeof prototype !== "object" || prototype === null) return;
  const own: unknown = Reflect.get(prototype, "setNoDelay");
  Reflect.set(prototype, "setNoDelay", () => {
    throw new Error("Invalid argument (os error 22)");
  });
  try {
    await use();
  } finally {
    Reflect.set(prototype, "setNoDelay", own);
  }
}
