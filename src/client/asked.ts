/**
 * Options that may be functions, asked anew at each attempt to connect.
 *
 * @module
 */
import { ConnectError } from "../errors.ts";

/**
 * A value, or a function that is asked for it at each attempt to connect. The signal fires when the
 * attempt's time is over, or when nobody waits for it any more.
 */
export type Asked<Value> = Value | Ask<Value>;

/** A function that is asked for a value. */
export type Ask<Value> = (signal: AbortSignal) => Value | Promise<Value>;

/** Whether an option is a function. */
export function isAsked<Value>(
  option: Value | Ask<Value>,
): option is Ask<Value> {
  return typeof option === "function";
}

/** The value of an option. A function that throws makes a ConnectError: the attempt has failed, and another may not. */
export async function ask<Value>(
  name: string,
  option: Asked<Value>,
  signal: AbortSignal,
): Promise<Value> {
  if (!isAsked(option)) return option;
  try {
    signal.throwIfAborted();
    return await option(signal);
  } catch (cause) {
    const why = cause instanceof Error ? cause.message : String(cause);
    throw new ConnectError(
      `Cannot connect: the function for ${name} has failed: ${why}`,
      {
        cause,
      },
    );
  }
}
