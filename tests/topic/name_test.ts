/** Topic Names: chapters 4.7.1 and 4.7.3. */
import { assertEquals } from "@std/assert";
import { topicNameFault } from "../../src/topic/name.ts";

const VALID = [
  "/",
  "//",
  "a",
  " ",
  "ACCOUNTS",
  "Accounts payable",
  "/finance",
  "finance/",
  "sport/tennis/player1/ranking",
  "$SYS/broker/clients",
  "$share/group/a", // is special in a Topic Filter alone
  "é/€/😀",
  "\u0001\u001f\u007f\u009f", // control characters are taken
  "\ufeff\ufffe\uffff\u{1ffff}", // so are the byte order mark and noncharacters
];

for (const topicName of VALID) {
  Deno.test(`topicNameFault takes ${JSON.stringify(topicName)}`, () => {
    assertEquals(topicNameFault(topicName), undefined);
  });
}

const WILDCARDS = "a Topic Name must not contain wildcards";
const SURROGATE = "a Topic Name must not contain a lone surrogate";
const NULL = "a Topic Name must not contain U+0000";

const FAULTY = [
  ["", "a Topic Name must not be empty"], // [MQTT-4.7.3-1]
  ["#", WILDCARDS], // [MQTT-4.7.0-1], [MQTT-3.3.2-2]
  ["a/#", WILDCARDS],
  ["+", WILDCARDS],
  ["a/+/b", WILDCARDS],
  ["a+", WILDCARDS],
  ["a#b", WILDCARDS],
  ["\0", NULL], // [MQTT-4.7.3-2]
  ["a/\0", NULL],
  ["\ud800", SURROGATE], // [MQTT-1.5.4-1]
  ["a/\udfff/b", SURROGATE],
  ["\ude00\ud83d", SURROGATE], // a pair in the wrong order
] as const;

for (const [topicName, fault] of FAULTY) {
  Deno.test(`topicNameFault refuses ${JSON.stringify(topicName)}`, () => {
    assertEquals(topicNameFault(topicName), fault);
  });
}

// [MQTT-4.7.3-3]: 65,535 bytes are the most, counted in UTF-8.
for (
  const [letter, bytes] of [["a", 1], ["é", 2], ["€", 3], ["😀", 4]] as const
) {
  Deno.test(`topicNameFault counts ${letter} as ${bytes} bytes`, () => {
    const most = letter.repeat(Math.floor(65_535 / bytes));
    const filled = most + "a".repeat(65_535 % bytes);
    assertEquals(topicNameFault(filled), undefined);
    assertEquals(
      topicNameFault(filled + "a"),
      "a Topic Name must not be longer than 65,535 bytes in UTF-8",
    );
  });
}
