// Every scenario of `deno task interop` with the small broker.

import { scenarioTests } from "./scenario_tests.ts";
import { smallBroker } from "./servers/small_broker.ts";

scenarioTests(smallBroker, true);
