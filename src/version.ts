/**
 * The version of this module, which `midge --version` prints. A module loaded by URL cannot read
 * deno.json, so it stands here too; a test keeps both equal.
 *
 * @module
 */

/** The version of this module, as deno.json has it. */
export const VERSION = "0.1.0";
