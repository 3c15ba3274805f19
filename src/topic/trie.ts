/**
 * All the Topic Filters that match a Topic Name, found level by level instead of one by one.
 *
 * @module
 */
import { parseFilter } from "./filter.ts";

const DOLLAR = 0x24;

/** A value under one Topic Filter. */
interface Entry<Value> {
  readonly value: Value;
  /** Its place in the order of insertion. */
  readonly place: number;
}

/** From a level to the one below of that name. */
interface Step<Value> {
  readonly level: Level<Value>;
  readonly name: string;
}

/**
 * One level of all Topic Filters that are alike up to here. Wildcards have fields of their own, so
 * that no level of a Topic Name can be taken for one. Most levels have one way on: what is not
 * needed is not there.
 */
class Level<Value> {
  /** The levels below, by name. */
  named: Map<string, Level<Value>> | undefined;
  /** The level below for "+". */
  single: Level<Value> | undefined;
  /** The level below for "#". */
  multi: Level<Value> | undefined;
  /** What ends here, by Topic Filter: a plain one, and one for each ShareName. */
  ends: Map<string, Map<Value, Entry<Value>>> | undefined;

  get isEmpty(): boolean {
    return this.named === undefined && this.single === undefined &&
      this.multi === undefined && this.ends === undefined;
  }

  below(name: string): Level<Value> | undefined {
    if (name === "+") return this.single;
    if (name === "#") return this.multi;
    return this.named?.get(name);
  }

  grow(name: string): Level<Value> {
    if (name === "+") return this.single ??= new Level();
    if (name === "#") return this.multi ??= new Level();
    const level = new Level<Value>();
    this.named ??= new Map();
    this.named.set(name, level);
    return level;
  }

  prune(name: string): void {
    if (name === "+") {
      this.single = undefined;
    } else if (name === "#") {
      this.multi = undefined;
    } else if (this.named?.delete(name) && this.named.size === 0) {
      this.named = undefined;
    }
  }
}

/**
 * Values filed under Topic Filters, to be found by Topic Name. It presumes valid filters and names,
 * and agrees with {@linkcode matchTopic}. A match visits no level twice, and none by recursion: no
 * name costs more than the filters take, and no depth is too deep.
 *
 * @example
 * ```ts
 * import { assertEquals } from "@std/assert";
 *
 * const trie = new TopicTrie<string>();
 * trie.add("sport/#", "one");
 * trie.add("+/tennis", "other");
 * assertEquals(trie.match("sport/tennis"), ["one", "other"]);
 * ```
 */
export class TopicTrie<Value> {
  #root = new Level<Value>();
  #size = 0;
  #added = 0;

  /** How many pairs of a Topic Filter and a value there are. */
  get size(): number {
    return this.#size;
  }

  /** Files a value under a Topic Filter; a pair that is there already keeps its place. */
  add(topicFilter: string, value: Value): void {
    let level = this.#root;
    for (const name of levelNames(topicFilter)) {
      level = level.below(name) ?? level.grow(name);
    }
    level.ends ??= new Map();
    let entries = level.ends.get(topicFilter);
    if (entries === undefined) level.ends.set(topicFilter, entries = new Map());
    if (entries.has(value)) return;
    entries.set(value, { value, place: this.#added++ });
    this.#size++;
  }

  /** Removes a value from a Topic Filter, and what then leads nowhere; false if it was not there. */
  delete(topicFilter: string, value: Value): boolean {
    const path: Step<Value>[] = [];
    let level = this.#root;
    for (const name of levelNames(topicFilter)) {
      const below = level.below(name);
      if (below === undefined) return false;
      path.push({ level, name });
      level = below;
    }
    const entries = level.ends?.get(topicFilter);
    if (!entries?.delete(value)) return false;
    this.#size--;
    if (entries.size > 0) return true;
    level.ends?.delete(topicFilter);
    if (level.ends?.size === 0) level.ends = undefined;
    prune(level, path);
    return true;
  }

  /** All values whose Topic Filter matches, each once, in order of insertion. */
  match(topicName: string): Value[] {
    const entries = this.#find(topicName);
    if (entries.length < 2) return entries.map(valueOf);
    entries.sort((one, other) => one.place - other.place);
    return [...new Set(entries.map(valueOf))];
  }

  #find(topicName: string): Entry<Value>[] {
    const found: Entry<Value>[] = [];
    let levels = [this.#root];
    // At the first level, wildcards do not match what starts with "$" [MQTT-4.7.2-1].
    let wild = topicName.charCodeAt(0) !== DOLLAR;
    let start = 0;
    while (start <= topicName.length && levels.length > 0) {
      const slash = topicName.indexOf("/", start);
      const end = slash === -1 ? topicName.length : slash;
      const name = topicName.slice(start, end);
      const below: Level<Value>[] = [];
      for (const level of levels) {
        const named = level.named?.get(name);
        if (named !== undefined) below.push(named);
        if (!wild) continue;
        if (level.single !== undefined) below.push(level.single);
        if (level.multi !== undefined) collect(level.multi, found);
      }
      levels = below;
      wild = true;
      start = end + 1;
    }
    for (const level of levels) {
      collect(level, found);
      // "sport/#" matches "sport" as well (4.7.1.2).
      if (level.multi !== undefined) collect(level.multi, found);
    }
    return found;
  }
}

function levelNames(topicFilter: string): string[] {
  return parseFilter(topicFilter).topicFilter.split("/");
}

function collect<Value>(level: Level<Value>, found: Entry<Value>[]): void {
  if (level.ends === undefined) return;
  for (const entries of level.ends.values()) {
    for (const entry of entries.values()) found.push(entry);
  }
}

function valueOf<Value>(entry: Entry<Value>): Value {
  return entry.value;
}

/** Takes the levels off that are empty now, from the last one of a path upwards. */
function prune<Value>(last: Level<Value>, path: Step<Value>[]): void {
  let below = last;
  for (const { level, name } of path.reverse()) {
    if (!below.isEmpty) return;
    level.prune(name);
    below = level;
  }
}
