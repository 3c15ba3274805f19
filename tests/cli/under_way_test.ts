import { assertEquals, assertRejects } from "@std/assert";
import { UnderWay } from "../../src/cli/under_way.ts";

Deno.test("UnderWay lets no more pass than it is told", async () => {
  const underWay = new UnderWay();
  const flights = [0, 1, 2].map(() => Promise.withResolvers<void>());
  for (const { promise } of flights) underWay.add(promise);
  await underWay.fewerThan(4);
  let passed = false;
  const waiting = underWay.fewerThan(2).then(() => passed = true);
  flights[2]?.resolve();
  await flights[2]?.promise;
  await underWay.fewerThan(3);
  assertEquals(passed, false);
  flights[0]?.resolve();
  await waiting;
  flights[1]?.resolve();
  await underWay.fewerThan(1);
});

Deno.test("UnderWay ends every wait with the first failure", async () => {
  const underWay = new UnderWay();
  const { promise, reject } = Promise.withResolvers<void>();
  underWay.add(promise);
  const waiting = underWay.fewerThan(1);
  const pausing = underWay.pause(60_000);
  reject(new Error("refused"));
  await assertRejects(() => waiting, Error, "refused");
  await assertRejects(() => pausing, Error, "refused");
  underWay.fail(new Error("too late"));
  await assertRejects(() => underWay.fewerThan(9), Error, "refused");
  await assertRejects(() => underWay.pause(0), Error, "refused");
  assertEquals(underWay.failed.aborted, true);
});
