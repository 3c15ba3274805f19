/**
 * The rules that Topic Names and Topic Filters share (chapter 4.7.3).
 *
 * @module
 */

const BYTES_MAX = 65_535;

// A UTF-16 code unit takes three bytes in UTF-8 at most, so a shorter text needs no counting.
const SURELY_FITS = BYTES_MAX / 3;

const encoder = new TextEncoder();

/** What kind of text is looked at, as the specification calls it. */
export type TopicText = "Topic Name" | "Topic Filter";

/** Why `text` is neither a Topic Name nor a Topic Filter; undefined where these rules are kept. */
export function topicTextFault(
  text: string,
  kind: TopicText,
): string | undefined {
  if (text.length === 0) { // [MQTT-4.7.3-1]
    return `a ${kind} must not be empty`;
  }
  if (!text.isWellFormed()) { // [MQTT-1.5.4-1]
    return `a ${kind} must not contain a lone surrogate`;
  }
  if (text.includes("\0")) { // [MQTT-4.7.3-2]
    return `a ${kind} must not contain U+0000`;
  }
  if (text.length > SURELY_FITS && !fits(text)) { // [MQTT-4.7.3-3]
    return `a ${kind} must not be longer than 65,535 bytes in UTF-8`;
  }
  return undefined;
}

/** A text of more code units than BYTES_MAX is never encoded, however long it is. */
function fits(text: string): boolean {
  return text.length <= BYTES_MAX && encoder.encode(text).length <= BYTES_MAX;
}
