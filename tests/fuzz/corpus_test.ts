// What fuzzing has found once stays mended, and each target stands a sample of its inputs.

import { parseInput, recut } from "./input.ts";
import { TARGETS } from "./targets.ts";

/** How many seeds of each target are fed. */
const SAMPLE = 300;

const corpus = await Deno.readTextFile(new URL("corpus.txt", import.meta.url));
const found = corpus.split("\n").filter((line) =>
  line !== "" && !line.startsWith("#")
);

for (const [name, target] of Object.entries(TARGETS)) {
  const inputs = found.filter((line) => line.startsWith(`${name} `)).map(
    (line) => parseInput(line.slice(name.length + 1)),
  );

  Deno.test(`The fuzz target ${name} stands all that was found once, cut in every way, and a sample`, async () => {
    for (const input of inputs.flatMap((one) => [one, ...recut(one)])) {
      await target.feed(input);
    }
    for (let seed = 1; seed <= SAMPLE; seed++) {
      await target.feed(target.make(seed));
    }
  });
}
