/** The trie finds what matchTopic would find one by one, in the same order, and forgets wholly. */
import { runInNewContext } from "node:vm";
import { setFlagsFromString } from "node:v8";
import fc from "fast-check";
import { assert, assertEquals } from "@std/assert";
import { matchTopic } from "../../src/topic/filter.ts";
import { TopicTrie } from "../../src/topic/trie.ts";
import { topicFilter, topicName } from "./arbitrary.ts";

Deno.test("TopicTrie.match finds every filter that matches, in order of insertion", () => {
  const trie = new TopicTrie<string>();
  const filters = ["+/b", "a/#", "c", "a/b", "#", "a/b/#", "$share/g/a/+"];
  for (const filter of filters) trie.add(filter, filter);
  assertEquals(
    trie.match("a/b"),
    ["+/b", "a/#", "a/b", "#", "a/b/#", "$share/g/a/+"],
  );
  assertEquals(trie.match("c"), ["c", "#"]);
  assertEquals(trie.match("$SYS"), []);
});

Deno.test("TopicTrie.match gives a value under two matching filters once", () => {
  const trie = new TopicTrie<string>();
  trie.add("a/+", "one");
  trie.add("a/b", "other");
  trie.add("#", "one");
  trie.add("a/b", "one");
  assertEquals(trie.size, 4);
  assertEquals(trie.match("a/b"), ["one", "other"]);
});

Deno.test("TopicTrie.add takes the same value under the same filter once", () => {
  const trie = new TopicTrie<number>();
  trie.add("a", 1);
  trie.add("a", 2);
  trie.add("a", 1);
  assertEquals(trie.size, 2);
  assertEquals(trie.match("a"), [1, 2]);
});

Deno.test("TopicTrie.delete tells a shared filter from a plain one", () => {
  const trie = new TopicTrie<number>();
  trie.add("a", 1);
  trie.add("$share/g/a", 1);
  trie.add("$share/h/a", 1);
  assertEquals(trie.size, 3);
  assertEquals(trie.delete("a", 1), true);
  assertEquals(trie.delete("$share/g/a", 1), true);
  assertEquals(trie.match("a"), [1]);
  assertEquals(trie.delete("$share/h/a", 1), true);
  assertEquals(trie.match("a"), []);
});

Deno.test("TopicTrie.delete is false for what was never added", () => {
  const trie = new TopicTrie<number>();
  trie.add("a/b/#", 1);
  for (const filter of ["a", "a/b", "a/+", "#", "a/b/c", "$share/g/a/b/#"]) {
    assertEquals(trie.delete(filter, 1), false);
  }
  assertEquals(trie.delete("a/b/#", 2), false);
  assertEquals(trie.size, 1);
  assertEquals(trie.match("a/b"), [1]);
});

Deno.test("TopicTrie.match takes wildcards in a name for no wildcards", () => {
  const trie = new TopicTrie<string>();
  for (const filter of ["+/+", "a/#", "a/b"]) trie.add(filter, filter);
  assertEquals(trie.match("+/+"), ["+/+"]);
  assertEquals(trie.match("a/#"), ["+/+", "a/#"]);
});

Deno.test("TopicTrie agrees with matchTopic through any additions and deletions", () => {
  const change = fc.record({
    add: fc.boolean(),
    filter: topicFilter,
    value: fc.integer({ min: 0, max: 3 }),
  });
  fc.assert(fc.property(
    fc.array(change, { maxLength: 40 }),
    fc.array(topicName, { minLength: 1, maxLength: 10 }),
    (changes, names) => {
      const trie = new TopicTrie<number>();
      const pairs: { filter: string; value: number }[] = [];
      for (const { add, filter, value } of changes) {
        const at = pairs.findIndex((pair) =>
          pair.filter === filter && pair.value === value
        );
        if (add) {
          trie.add(filter, value);
          if (at === -1) pairs.push({ filter, value });
        } else {
          assertEquals(trie.delete(filter, value), at !== -1);
          if (at !== -1) pairs.splice(at, 1);
        }
        assertEquals(trie.size, pairs.length);
      }
      for (const name of names) {
        const values = pairs
          .filter((pair) => matchTopic(pair.filter, name))
          .map((pair) => pair.value);
        assertEquals(trie.match(name), [...new Set(values)]);
      }
    },
  ));
});

Deno.test("TopicTrie leaves no residue of what was added and deleted", () => {
  fc.assert(fc.property(
    fc.uniqueArray(topicFilter, { maxLength: 20 }),
    topicName,
    (filters, name) => {
      const trie = new TopicTrie<string>();
      trie.add("a/+/#", "stays");
      for (const filter of filters) trie.add(filter, "goes");
      for (const filter of filters) assert(trie.delete(filter, "goes"));
      assertEquals(trie.size, 1);
      const left = matchTopic("a/+/#", name) ? ["stays"] : [];
      assertEquals(trie.match(name), left);
    },
  ));
});

Deno.test("TopicTrie.delete gives the memory of empty branches back", () => {
  setFlagsFromString("--expose-gc");
  const collectGarbage = runInNewContext("gc") as () => void;
  const usedBytes = () => {
    collectGarbage();
    return Deno.memoryUsage().heapUsed;
  };
  const filters = Array.from({ length: 10_000 }, (_, at) => `a/${at}/+/b/#`);
  const trie = new TopicTrie<number>();
  const before = usedBytes();
  for (const filter of filters) trie.add(filter, 1);
  const full = usedBytes();
  for (const filter of filters) trie.delete(filter, 1);
  const after = usedBytes();
  assertEquals(trie.size, 0);
  assert(full - before > 2 ** 21, `${full - before} bytes were used`);
  assert(after - before < 2 ** 20, `${after - before} bytes are left`);
});

Deno.test("TopicTrie is not brought down by the deepest filters and names", () => {
  const trie = new TopicTrie<string>();
  const deep = "+/".repeat(32_767) + "#";
  trie.add(deep, "deep");
  trie.add("#", "all");
  assertEquals(trie.match("/".repeat(65_535)), ["deep", "all"]);
  assertEquals(trie.match("/".repeat(30_000)), ["all"]);
  assertEquals(trie.delete(deep, "deep"), true);
  assertEquals(trie.match("/".repeat(65_535)), ["all"]);
});

Deno.test("TopicTrie.match visits no level twice where all branches match", () => {
  const trie = new TopicTrie<string>();
  // 4,096 filters of 12 levels, each level "a" or "+": every one matches.
  for (let choice = 0; choice < 4_096; choice++) {
    const levels = Array.from(
      { length: 12 },
      (_, level) => choice & 1 << level ? "+" : "a",
    );
    trie.add(levels.join("/"), levels.join("/"));
  }
  assertEquals(trie.match("a/a/a/a/a/a/a/a/a/a/a/a").length, 4_096);
  assertEquals(trie.match("a/a/a/a/a/a/a/a/a/a/a/b").length, 2_048);
  assertEquals(trie.match("a/".repeat(30_000)), []);
});
