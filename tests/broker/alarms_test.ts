import { assert, assertEquals } from "@std/assert";
import fc from "fast-check";
import { Alarm, Alarms } from "../../src/broker/alarms.ts";

Deno.test("Alarms ring in the order of their times, and not before", () => {
  const alarms = new Alarms();
  const rung: string[] = [];
  for (const time of [5, 1, 4, 1, 3]) {
    alarms.set(new Alarm((now) => rung.push(`${time} at ${now}`)), time);
  }
  assertEquals(alarms.deadline, 1);
  alarms.wake(0);
  assertEquals(rung, []);
  alarms.wake(4);
  assertEquals(rung, ["1 at 4", "1 at 4", "3 at 4", "4 at 4"]);
  assertEquals(alarms.deadline, 5);
  alarms.wake(10);
  assertEquals(alarms.deadline, Infinity);
});

Deno.test("Alarms take one that is set anew while it rings", () => {
  const alarms = new Alarms();
  let rings = 0;
  const alarm = new Alarm((now) => {
    if (++rings < 3) alarms.set(alarm, now + 1);
  });
  alarms.set(alarm, 0);
  for (let now = 0; now < 10; now++) alarms.wake(now);
  assertEquals(rings, 3);
});

Deno.test("Alarms are as a sorted list, however they are set and cleared", () => {
  const step = fc.record({
    who: fc.nat(39),
    time: fc.oneof(fc.nat(1000), fc.nat(1000), fc.constant(Infinity)),
  });
  fc.assert(
    fc.property(
      fc.array(fc.oneof(step, fc.record({ pass: fc.nat(50) })), {
        size: "max",
        maxLength: 300,
      }),
      (steps) => {
        const alarms = new Alarms();
        const times = new Map<number, number>();
        let last = 0;
        const all = Array.from({ length: 40 }, (_, who) =>
          new Alarm(() => {
            const time = times.get(who);
            assert(time !== undefined, "it is not set");
            assert(time >= last, "an earlier one rings later");
            last = time;
            times.delete(who);
          }));
        let now = 0;
        for (const step of steps) {
          if ("pass" in step) {
            now += step.pass;
            last = 0;
            alarms.wake(now);
            for (const time of times.values()) assert(time > now);
          } else {
            const alarm = all[step.who];
            assert(alarm !== undefined);
            alarms.set(alarm, now + step.time);
            times.set(step.who, now + step.time);
            if (step.time === Infinity) times.delete(step.who);
          }
          assertEquals(alarms.deadline, Math.min(Infinity, ...times.values()));
        }
      },
    ),
  );
});
