/**
 * What a wire says where Deno was not allowed to open it.
 *
 * @module
 */

/**
 * The error to throw in place of Deno's, which names one flag at a time and not what to give it. Any
 * other error is given back as it is.
 */
export function permissionFault(error: unknown, flags: string): unknown {
  if (!(error instanceof Deno.errors.NotCapable)) return error;
  return new Deno.errors.NotCapable(
    `Deno does not permit it; run again with ${flags}`,
    { cause: error },
  );
}

/** The flag that a host and a port need; IPv6 stands in brackets there. */
export function netFlag(hostname: string, port: number): string {
  const host = hostname.includes(":") ? `[${hostname}]` : hostname;
  return `--allow-net=${host}:${port}`;
}
