// The thermostat, tested with a broker in the same process: `deno test examples/` needs no permission, no port
// and no installed broker.

import { assertEquals, assertRejects } from "@std/assert";
import { PublishError } from "../mod.ts";
import { Broker } from "../testing.ts";
import { runThermostat, WILL } from "./thermostat.ts";

const OPTIONS = { target: 20, tolerance: 0.5 };

Deno.test("the heater goes on in the cold and off in the heat, once each", async () => {
  await using broker = new Broker();
  await using client = await broker.connect();
  const running = runThermostat(client, OPTIONS);
  await broker.seen("thermostat/status");

  for (const temperature of ["19.6", "18.9", "18.7", "20.4", "20.7", "warm"]) {
    broker.publish("home/kitchen/temperature", temperature, { qos: 1 });
  }
  const states = await broker.seen("home/kitchen/heater", { count: 2 });
  assertEquals(states.map((state) => state.text()), ["on", "off"]);
  assertEquals(states.map((state) => state.retain), [true, true]);

  await client.disconnect();
  await running;
  const switched = broker.messages.filter(({ topic }) =>
    topic.endsWith("/heater")
  );
  assertEquals(switched.length, 2);
});

Deno.test("each room has its own heater, and what thermometers left retained counts", async () => {
  await using broker = new Broker();
  broker.publish("home/hall/temperature", "12", { retain: true });
  broker.publish("home/bath/temperature", "25", { retain: true });
  await using client = await broker.connect();
  void runThermostat(client, OPTIONS);

  const states = await broker.seen("home/+/heater", { count: 2 });
  assertEquals(
    states.map((state) => `${state.topic} ${state.text()}`).sort(),
    ["home/bath/heater off", "home/hall/heater on"],
  );
});

Deno.test("a thermostat that is lost is told to be offline", async () => {
  await using broker = new Broker();
  const client = await broker.connect({ will: WILL });
  const running = runThermostat(client, OPTIONS);
  await broker.seen("thermostat/status");
  client.close();
  await assertRejects(() => running);

  const [online, offline] = await broker.seen("thermostat/status", {
    count: 2,
  });
  assertEquals([online?.text(), offline?.text()], ["online", "offline"]);
});

Deno.test("a thermostat that may not switch heaters ends with the reason", async () => {
  await using broker = new Broker({
    authorize: ({ action, topic }) =>
      action === "subscribe" || !topic.endsWith("/heater"),
  });
  broker.publish("home/hall/temperature", "12", { retain: true });
  await using client = await broker.connect();
  const error = await assertRejects(
    () => runThermostat(client, OPTIONS),
    PublishError,
  );
  assertEquals(error.reasonCode, 0x87);
});
