/**
 * A thermostat: it hears the thermometers of all rooms, and switches their heaters.
 *
 * Run it with `deno run --allow-net examples/thermostat.ts mqtt://localhost`.
 *
 * @module
 */
import { type Client, connect, type Will } from "../mod.ts";

/** What the thermostat keeps to. */
export interface ThermostatOptions {
  /** The temperature that is wanted, in degrees. */
  readonly target: number;
  /** How far from it a room may be before its heater is switched. */
  readonly tolerance: number;
}

const STATUS = "thermostat/status";

/** Has the server say that the thermostat is gone, should it be lost. */
export const WILL: Will = {
  topic: STATUS,
  payload: "offline",
  qos: 1,
  retain: true,
};

/** Works until the client disconnects. */
export async function runThermostat(
  client: Client,
  { target, tolerance }: ThermostatOptions,
): Promise<void> {
  const heaters = new Map<string, string>();
  const temperatures = await client.subscribe("home/+/temperature", { qos: 1 });
  await client.publish(STATUS, "online", { qos: 1, retain: true });
  for await (const { topic, payload } of temperatures) {
    const [, room = ""] = topic.split("/");
    const temperature = Number(new TextDecoder().decode(payload));
    // What is no number says nothing; what is near enough changes nothing.
    if (!(Math.abs(temperature - target) > tolerance)) continue;
    const state = temperature < target ? "on" : "off";
    if (heaters.get(room) === state) continue;
    heaters.set(room, state);
    await client.publish(`home/${room}/heater`, state, {
      qos: 1,
      retain: true,
    });
  }
}

if (import.meta.main) {
  const [url = "mqtt://localhost"] = Deno.args;
  await using client = await connect(url, { will: WILL });
  await runThermostat(client, { target: 20, tolerance: 0.5 });
}
