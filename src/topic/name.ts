/**
 * Topic Names: what a message is published to (chapter 4.7).
 *
 * @module
 */
import { topicTextFault } from "./text.ts";

/**
 * Why `topicName` is no valid Topic Name to publish to; undefined when it is one.
 *
 * @example
 * ```ts
 * import { assertEquals } from "@std/assert";
 *
 * assertEquals(topicNameFault("sport/tennis"), undefined);
 * assertEquals(topicNameFault("sport/#"), "a Topic Name must not contain wildcards");
 * ```
 */
export function topicNameFault(topicName: string): string | undefined {
  if (topicName.includes("#") || topicName.includes("+")) { // [MQTT-3.3.2-2]
    return "a Topic Name must not contain wildcards";
  }
  return topicTextFault(topicName, "Topic Name");
}
