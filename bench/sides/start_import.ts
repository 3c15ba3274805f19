// A script that imports midge, and does nothing with it.

import "../../mod.ts";
