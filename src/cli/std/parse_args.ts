/**
 * The one door to Deno's standard flag parser. On JSR it is `jsr:@std/cli/parse-args`; here it comes
 * from npm's republish of the standard library, with the types beside it.
 *
 * @module
 */
// @ts-types="./parse_args.d.ts"
export { parseArgs } from "npm:deno-std@1.4.0/cli/parse_args.js";
