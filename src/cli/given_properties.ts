/**
 * The properties that the command line gives for a packet. How they are read is loaded only where
 * there are some.
 *
 * @module
 */
import type { Values } from "./option.ts";
import type { Carriers } from "./properties.ts";
import type { SHARED } from "./shared_options.ts";

/** What --user-property is for: the command's own packet. */
const OWN: readonly string[] = ["publish", "subscribe"];

/** The properties of -D and --user-property for a packet. Throws a UsageError. */
export async function givenProperties<Carrier extends keyof Carriers>(
  carrier: Carrier,
  { property, userProperty }: Values<typeof SHARED>,
): Promise<{ readonly properties?: Carriers[Carrier] }> {
  const own = OWN.includes(carrier) ? userProperty : [];
  if (property.length + own.length === 0) return {};
  const { propertiesOf } = await import("./properties.ts");
  const properties = propertiesOf(carrier, property, own);
  return properties === undefined ? {} : { properties };
}
