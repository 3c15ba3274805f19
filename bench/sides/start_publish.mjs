// One message by MQTT.js on Node: the port is the argument.

import { createRequire } from "node:module";
import process from "node:process";

// Required: bench/deno.lock knows it, the repository's own does not, and is not to.
const { connectAsync } = createRequire(import.meta.url)("mqtt");

const client = await connectAsync(`mqtt://127.0.0.1:${process.argv[2]}`);
await client.publishAsync("bench/start", "hello");
await client.endAsync();
