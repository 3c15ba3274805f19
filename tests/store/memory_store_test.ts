import { storeCases } from "../../src/store/conformance.ts";
import { memoryStore } from "../../src/store/memory_store.ts";
import type { Store } from "../../src/store/store.ts";

// It lasts as long as its object: the same place is the same object.
const places = new Map<string, Store>();

function storeAt(place: string): Store {
  const store = places.get(place) ?? memoryStore();
  places.set(place, store);
  return store;
}

for (const { name, run } of storeCases(storeAt)) {
  Deno.test(`memoryStore() ${name}`, run);
}
