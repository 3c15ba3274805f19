/**
 * Topic Filters: what is subscribed to (chapter 4.7), plain or shared (chapter 4.8.2).
 *
 * @module
 */
import { topicTextFault } from "./text.ts";

const SHARE_PREFIX = "$share/";

const DOLLAR = 0x24;
const HASH = 0x23;
const PLUS = 0x2b;
const SLASH = 0x2f;

/**
 * Why `topicFilter` is no valid Topic Filter; undefined when it is one. What starts with `$share/`
 * is a shared subscription, in every version of the protocol.
 *
 * @example
 * ```ts
 * import { assertEquals } from "@std/assert";
 *
 * assertEquals(topicFilterFault("sport/+/player1"), undefined);
 * assertEquals(topicFilterFault("sport+"), 'a "+" must stand alone in its level of a Topic Filter');
 * ```
 */
export function topicFilterFault(topicFilter: string): string | undefined {
  return topicTextFault(topicFilter, "Topic Filter") ??
    shareFault(topicFilter) ??
    wildcardFault(topicFilter.slice(plainStart(topicFilter)));
}

/**
 * Takes a shared subscription apart: `$share/group/a/#` is the ShareName `group` and the Topic
 * Filter `a/#`. Any other Topic Filter is returned as it is. The Topic Filter must be a valid one.
 */
export function parseFilter(
  topicFilter: string,
): { shareName: string | undefined; topicFilter: string } {
  const start = plainStart(topicFilter);
  if (start === 0) return { shareName: undefined, topicFilter };
  return {
    shareName: topicFilter.slice(SHARE_PREFIX.length, start - 1),
    topicFilter: topicFilter.slice(start),
  };
}

/**
 * Whether a message to `topicName` goes to those who subscribed to `topicFilter`; a shared
 * subscription matches what the Topic Filter behind its ShareName matches. Both must be valid.
 *
 * It takes the time of reading both once, and no memory.
 *
 * @example
 * ```ts
 * import { assertEquals } from "@std/assert";
 *
 * assertEquals(matchTopic("sport/#", "sport"), true);
 * assertEquals(matchTopic("#", "$SYS/broker"), false);
 * ```
 */
export function matchTopic(topicFilter: string, topicName: string): boolean {
  let at = plainStart(topicFilter);
  if (topicName.charCodeAt(0) === DOLLAR) {
    const first = topicFilter.charCodeAt(at);
    if (first === HASH || first === PLUS) return false; // [MQTT-4.7.2-1]
  }
  let reached = 0;
  for (; at < topicFilter.length; at++) {
    const unit = topicFilter.charCodeAt(at);
    if (unit === HASH) return true;
    if (unit === PLUS) {
      reached = levelEnd(topicName, reached);
    } else if (unit === topicName.charCodeAt(reached)) {
      reached++;
    } else {
      // "sport/#" matches "sport" as well: "#" includes the parent level (4.7.1.2).
      return reached === topicName.length && unit === SLASH &&
        topicFilter.charCodeAt(at + 1) === HASH;
    }
  }
  return reached === topicName.length;
}

/** Where the level ends that starts at `start`: at its "/", or at the end of the name. */
function levelEnd(topicName: string, start: number): number {
  const slash = topicName.indexOf("/", start);
  return slash === -1 ? topicName.length : slash;
}

/** Where the Topic Filter behind `$share/{ShareName}/` starts; 0 where the filter is not shared. */
function plainStart(topicFilter: string): number {
  if (!topicFilter.startsWith(SHARE_PREFIX)) return 0;
  return topicFilter.indexOf("/", SHARE_PREFIX.length) + 1;
}

function shareFault(topicFilter: string): string | undefined {
  if (!topicFilter.startsWith(SHARE_PREFIX)) return undefined;
  const start = plainStart(topicFilter);
  if (start === 0 || start === topicFilter.length) { // [MQTT-4.8.2-2]
    return "a ShareName must be followed by a slash and a Topic Filter";
  }
  const shareName = topicFilter.slice(SHARE_PREFIX.length, start - 1);
  if (shareName === "") { // [MQTT-4.8.2-1]
    return "a ShareName must not be empty";
  }
  if (shareName.includes("#") || shareName.includes("+")) { // [MQTT-4.8.2-2]
    return "a ShareName must not contain wildcards";
  }
  return undefined;
}

function wildcardFault(topicFilter: string): string | undefined {
  const levels = topicFilter.split("/");
  const last = levels.length - 1;
  for (const [index, level] of levels.entries()) {
    if (level.includes("#") && (level !== "#" || index !== last)) { // [MQTT-4.7.1-1]
      return 'a "#" must stand alone in the last level of a Topic Filter';
    }
    if (level.includes("+") && level !== "+") { // [MQTT-4.7.1-2]
      return 'a "+" must stand alone in its level of a Topic Filter';
    }
  }
  return undefined;
}
