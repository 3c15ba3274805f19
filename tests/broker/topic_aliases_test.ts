import { assert, assertEquals } from "@std/assert";
import fc from "fast-check";
import { OutgoingAliases } from "../../src/broker/topic_aliases.ts";

Deno.test("OutgoingAliases are understood by one who knows each alias by its last name", () => {
  const name = fc.integer({ min: 0, max: 7 }).map((index) => `topic/${index}`);
  fc.assert(
    fc.property(
      fc.integer({ min: 1, max: 5 }),
      fc.array(fc.tuple(name, fc.boolean()), { size: "max", maxLength: 100 }),
      (max, names) => {
        const aliases = new OutgoingAliases(max);
        const known = new Map<number, string>();
        /** The names that were sent, the last one last. */
        let recent: string[] = [];
        for (const [topicName, isSent] of names) {
          const alias = aliases.find(topicName);
          assert(alias !== undefined);
          assert(alias.alias >= 1 && alias.alias <= max);
          // Those that were used last are known, and no others.
          const expected = recent.slice(-max).includes(topicName);
          assertEquals(alias.isKnown, expected);
          if (alias.isKnown) assertEquals(known.get(alias.alias), topicName);
          if (!isSent) continue; // too large, say
          aliases.sent(topicName, alias);
          known.set(alias.alias, topicName);
          recent = [...recent.filter((each) => each !== topicName), topicName];
        }
      },
    ),
  );
});

Deno.test("OutgoingAliases give none where there are none, and none that would not be shorter", () => {
  assertEquals(new OutgoingAliases(0).find("topic/0"), undefined);
  assertEquals(new OutgoingAliases(1).find("abc"), undefined);
  assertEquals(new OutgoingAliases(1).find("abcd"), {
    alias: 1,
    isKnown: false,
  });
});
