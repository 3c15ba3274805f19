/**
 * The command line of midge: `midge publish`, `midge subscribe`, `midge test`, `midge broker`.
 *
 * @module
 */
import { main } from "./src/cli/main.ts";

if (import.meta.main) Deno.exit(await main(Deno.args));
