// A script that imports MQTT.js, and does nothing with it.

import { createRequire } from "node:module";

// Required: bench/deno.lock knows it, the repository's own does not, and is not to.
createRequire(import.meta.url)("mqtt");
