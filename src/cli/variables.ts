/**
 * The environment. It is read only where that is allowed: a question about it in the middle of
 * someone's first command would be worse than not to know.
 *
 * @module
 */

/** The value of a variable; undefined where it is not set or may not be read. */
export type Variables = (name: string) => string | undefined;

/** The environment of this process, as far as it may be read. */
export function environment(): Variables {
  const all = isGranted({ name: "env" });
  return (variable) =>
    all || isGranted({ name: "env", variable })
      ? Deno.env.get(variable)
      : undefined;
}

function isGranted(permission: Deno.PermissionDescriptor): boolean {
  return Deno.permissions.querySync(permission).state === "granted";
}
