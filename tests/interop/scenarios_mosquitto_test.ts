// Every scenario of `deno task interop` with a mosquitto.

import { findMosquitto } from "../support/mosquitto.ts";
import { scenarioTests } from "./scenario_tests.ts";
import { mosquitto } from "./servers/mosquitto.ts";

scenarioTests(mosquitto, await findMosquitto() !== undefined);
