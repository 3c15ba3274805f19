/**
 * How messages are printed, as the options say.
 *
 * @module
 */
import {
  classic,
  type Format,
  type Look,
  plain,
  RAW,
  verbose,
  VISIBLE,
} from "./format.ts";
import type { Values } from "./option.ts";
import type { OUTPUT } from "./output_options.ts";

/** The format that is asked for. */
export async function formatOf(values: Values<typeof OUTPUT>): Promise<Format> {
  const end = values.noNewline ? "" : "\n";
  if (values.json || values.pretty) {
    const { json } = await import("./json.ts");
    return json(values.pretty ? { indent: 2, end } : { end });
  }
  const look = { ...lookOf(values), end };
  if (values.format !== undefined) {
    const { formatString } = await import("./format_string.ts");
    return formatString(values.format, look);
  }
  if (values.classic) return classic(look);
  return values.verbose ? verbose(look) : plain(look);
}

function lookOf(values: Values<typeof OUTPUT>): Look {
  const raw = values.raw || !Deno.stdout.isTerminal();
  const look = raw ? RAW : VISIBLE;
  if (values.hex) return { ...look, payload: (payload) => payload.toHex() };
  return values.base64
    ? { ...look, payload: (payload) => payload.toBase64() }
    : look;
}
