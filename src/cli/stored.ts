/**
 * A session that is kept in a file, as `--store` asks for it.
 *
 * @module
 */
import { type ConnectOptions, fileStore, type Restored } from "../../mod.ts";
import { count } from "./changes.ts";
import { leftIn } from "./leftovers.ts";
import type { Values } from "./option.ts";
import type { SHARED } from "./shared_options.ts";
import { writeError } from "./terminal.ts";
import { UsageError } from "./usage_error.ts";

type StoredValues = Values<typeof SHARED> & {
  readonly store: string | undefined;
};

/** What a command has to say to what has come back. */
export interface StoreUse {
  /** The host and the port, or the path of a socket. */
  readonly address: string;
  /** Called with what has come back, before the first attempt to connect. What it throws ends the command. */
  readonly onRestored: (restored: Restored) => void;
}

/** The options of `connect()` that a store asks for. Throws a UsageError for what contradicts it. */
export function storeOptions(
  path: string,
  values: StoredValues,
  { address, onRestored }: StoreUse,
): ConnectOptions {
  if (values.spellings.has("noClean") && !values.noClean) {
    throw new UsageError(
      "--store goes on with a session: --no-clean=false contradicts it",
    );
  }
  if (values.sessionExpiry === 0) {
    throw new UsageError(
      "--store needs a session that outlives the connection: -x 0 ends it",
    );
  }
  return {
    cleanStart: false,
    store: fileStore(path),
    onRestored(restored) {
      checkOwner(path, restored, { clientId: values.clientId, address });
      if (!values.quiet) tellDamages(path, restored);
      onRestored(restored);
    },
  };
}

/** Whether something is known to be gone, or may be. */
export function isDamaged({ damages, lost, unknown }: Restored): boolean {
  return lost + unknown.length > 0 ||
    damages.some(({ changesMax }) => changesMax > 0);
}

/** What was cut off in the middle of a write was never kept, and is no damage. */
function tellDamages(path: string, { damages, lost, unknown }: Restored): void {
  const fates = [
    ...(lost > 0 ? [`${count(lost, "message")} lost`] : []),
    ...(unknown.length > 0
      ? [
        `${
          count(unknown.length, "message")
        } that may not have arrived, and not sent again`,
      ]
      : []),
  ].join(", ");
  for (const { message, changesMax } of damages) {
    if (changesMax > 0) writeError(`midge: ${path} is damaged: ${message}`);
  }
  if (fates !== "") writeError(`midge: ${path}: ${fates}`);
}

/** A session that is left for another one cannot be gone on with: so it is not left by mistake. */
function checkOwner(
  path: string,
  restored: Restored,
  asked: { readonly clientId: string | undefined; readonly address: string },
): void {
  const { clientId, server, isElsewhere, unknown, checkpoint } = restored;
  if (clientId !== undefined && (asked.clientId ?? clientId) !== clientId) {
    throw new UsageError(
      `${path} has the session of client id ${clientId}, not of ${asked.clientId}. Leave -i out, or take another --store`,
    );
  }
  // What was taken of an input went there.
  const isDone = leftIn(restored) + unknown.length === 0 &&
    checkpoint === undefined;
  if (isElsewhere && !isDone) {
    throw new UsageError(
      `${path} belongs to ${server}, and not to ${asked.address}. Go there, or take another --store`,
    );
  }
}
