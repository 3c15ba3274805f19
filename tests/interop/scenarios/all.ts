// All scenarios, as docs/INTEROP.md lists them.

import { CONNECTING } from "./connecting.ts";
import { DISCONNECTS } from "./disconnects.ts";
import { LIMITS } from "./limits.ts";
import { PROPERTIES } from "./properties.ts";
import { PUBLISHING, RETAINED } from "./publishing.ts";
import type { ScenarioGroup } from "./scenario.ts";
import { SESSIONS } from "./sessions.ts";
import { SUBSCRIBING } from "./subscribing.ts";
import { WILLS } from "./wills.ts";

/** Every scenario, by what it is about. */
export const GROUPS: readonly ScenarioGroup[] = [
  CONNECTING,
  SESSIONS,
  PUBLISHING,
  RETAINED,
  WILLS,
  SUBSCRIBING,
  PROPERTIES,
  LIMITS,
  DISCONNECTS,
];
