/** Topic Filters: chapters 4.7 and 4.8.2; the examples are the specification's, or close to them. */
import fc from "fast-check";
import { assertEquals } from "@std/assert";
import {
  matchTopic,
  parseFilter,
  topicFilterFault,
} from "../../src/topic/filter.ts";
import { matchNaively, topicFilter, topicName } from "./arbitrary.ts";

const VALID = [
  "#",
  "/#",
  "+",
  "/",
  "//",
  "/+",
  "+/+",
  "+/#",
  "sport/#",
  "sport/tennis/#",
  "+/tennis/#",
  "sport/+/player1",
  "$SYS/#",
  "$SYS/monitor/+",
  "Accounts payable",
  "\u0001\ufeff\uffff",
  "$share", // without a slash behind it, a level like any other
  "$shared/a",
  "$share/consumer1/#",
  "$share/consumer1//",
  "$share/consumer1//finance",
  "$share/consumer1/sport/tennis/+",
  "$share/a b/$share/c/d",
];

for (const filter of VALID) {
  Deno.test(`topicFilterFault takes ${JSON.stringify(filter)}`, () => {
    assertEquals(topicFilterFault(filter), undefined);
  });
}

const MULTI = 'a "#" must stand alone in the last level of a Topic Filter';
const SINGLE = 'a "+" must stand alone in its level of a Topic Filter';
const UNFINISHED = "a ShareName must be followed by a slash and a Topic Filter";

const FAULTY = [
  ["", "a Topic Filter must not be empty"], // [MQTT-4.7.3-1]
  ["sport/tennis#", MULTI], // [MQTT-4.7.1-1]
  ["sport/tennis/#/ranking", MULTI],
  ["#/", MULTI],
  ["##", MULTI],
  ["#a", MULTI],
  ["+#", MULTI],
  ["sport+", SINGLE], // [MQTT-4.7.1-2]
  ["+sport/#", SINGLE],
  ["++", SINGLE],
  ["a/b+/c", SINGLE],
  ["a/\0", "a Topic Filter must not contain U+0000"], // [MQTT-4.7.3-2]
  ["a/\ud800", "a Topic Filter must not contain a lone surrogate"],
  ["$share/", UNFINISHED], // [MQTT-4.8.2-2]
  ["$share/group", UNFINISHED],
  ["$share/group/", UNFINISHED],
  ["$share//a", "a ShareName must not be empty"], // [MQTT-4.8.2-1]
  ["$share/+/a", "a ShareName must not contain wildcards"], // [MQTT-4.8.2-2]
  ["$share/gro#up/a", "a ShareName must not contain wildcards"],
  ["$share/group/a#", MULTI],
  ["$share/group/#/a", MULTI],
  ["$share/group/+a", SINGLE],
] as const;

for (const [filter, fault] of FAULTY) {
  Deno.test(`topicFilterFault refuses ${JSON.stringify(filter)}`, () => {
    assertEquals(topicFilterFault(filter), fault);
  });
}

Deno.test("topicFilterFault counts the share prefix among 65,535 bytes [MQTT-4.7.3-3]", () => {
  const prefix = "$share/group/";
  const filter = prefix + "€".repeat((65_535 - prefix.length) / 3);
  assertEquals(topicFilterFault(filter + "aa"), undefined);
  assertEquals(
    topicFilterFault(filter + "aaa"),
    "a Topic Filter must not be longer than 65,535 bytes in UTF-8",
  );
});

Deno.test("topicFilterFault takes a filter of 32,768 levels", () => {
  assertEquals(topicFilterFault("+/".repeat(32_767) + "#"), undefined);
});

Deno.test("topicFilterFault finds nothing wrong with what the properties use", () => {
  fc.assert(fc.property(topicFilter, (filter) => {
    assertEquals(topicFilterFault(filter), undefined);
  }));
});

Deno.test("parseFilter takes a shared subscription apart", () => {
  const cases = [
    ["a/#", undefined, "a/#"],
    ["$share", undefined, "$share"],
    ["$SYS/#", undefined, "$SYS/#"],
    ["$share/g/a/#", "g", "a/#"],
    ["$share/g//", "g", "/"],
    ["$share/g/$share/h/a", "g", "$share/h/a"],
  ] as const;
  for (const [filter, shareName, rest] of cases) {
    assertEquals(parseFilter(filter), { shareName, topicFilter: rest });
  }
});

const MATCHES = [
  // 4.7.1.2: "#" is the parent and any number of levels below.
  ["sport/tennis/player1/#", "sport/tennis/player1"],
  ["sport/tennis/player1/#", "sport/tennis/player1/ranking"],
  ["sport/tennis/player1/#", "sport/tennis/player1/score/wimbledon"],
  ["sport/#", "sport"],
  ["sport/#", "sport/"],
  ["#", "sport"],
  ["#", "/"],
  ["/#", "/"],
  // 4.7.1.3: "+" is one level, whatever it holds.
  ["sport/tennis/+", "sport/tennis/player1"],
  ["sport/+", "sport/"],
  ["+/+", "/finance"],
  ["/+", "/finance"],
  ["+", "finance"],
  ["+/tennis/#", "sport/tennis"],
  ["+/#", "sport"],
  ["a/+/#", "a/b"],
  ["a/+/#", "a//"],
  // 4.7.2: what starts with "$" is matched by what starts with "$".
  ["$SYS/#", "$SYS"],
  ["$SYS/#", "$SYS/monitor/Clients"],
  ["$SYS/monitor/+", "$SYS/monitor/Clients"],
  ["+/b", "a$/b"],
  ["a/+", "a/$b"],
  ["a/#", "a/$b"],
  // 4.7.3: byte by byte, and empty levels are levels.
  ["/finance", "/finance"],
  ["a//b", "a//b"],
  ["é", "é"],
  // 4.8.2: by the filter behind the ShareName.
  ["$share/g/a/#", "a"],
  ["$share/g/#", "a/b"],
  ["$share/g/+/b", "a/b"],
  ["$share/g//", "/"],
  ["$share/g/$SYS/#", "$SYS/a"],
] as const;

for (const [filter, name] of MATCHES) {
  Deno.test(`matchTopic finds ${name} by ${filter}`, () => {
    assertEquals(matchTopic(filter, name), true);
  });
}

const DIFFERS = [
  ["sport/tennis/+", "sport/tennis/player1/ranking"],
  ["sport/+", "sport"],
  ["+", "/finance"],
  ["/+", "finance"],
  ["/#", "finance"],
  ["sport/#", "sports"],
  ["sport/tennis/#", "sport"],
  ["a/+/#", "a"],
  ["+/tennis/#", "tennis"],
  ["#", "$SYS"],
  ["#", "$SYS/a"],
  ["+", "$SYS"],
  ["+/monitor/Clients", "$SYS/monitor/Clients"],
  ["+/#", "$SYS/a"],
  ["ACCOUNTS", "Accounts"],
  ["/a", "a"],
  ["a/", "a"],
  ["a", "a/"],
  ["a", "ab"],
  ["ab", "a"],
  ["a/b", "a/b/c"],
  ["é", "e\u0301"], // no normalization
  ["$share/g/a", "$share/g/a"],
  ["$share/g/#", "$SYS/a"],
  ["$share/g/+/a", "$SYS/a"],
] as const;

for (const [filter, name] of DIFFERS) {
  Deno.test(`matchTopic does not find ${name} by ${filter}`, () => {
    assertEquals(matchTopic(filter, name), false);
  });
}

Deno.test("matchTopic agrees with a naive matcher", () => {
  fc.assert(
    fc.property(topicFilter, topicName, (filter, name) => {
      assertEquals(matchTopic(filter, name), matchNaively(filter, name));
    }),
    { numRuns: 3_000 },
  );
});

Deno.test("matchTopic reads the longest filter and name once", () => {
  const name = "/".repeat(65_535);
  const filter = "+/".repeat(32_767) + "+";
  for (let round = 0; round < 100; round++) {
    assertEquals(matchTopic(filter, name), false);
    assertEquals(matchTopic(filter, "/".repeat(32_767)), true);
  }
});
