/**
 * Local time as text: ISO 8601, and the fields of strftime in the C locale.
 *
 * @module
 */

/** One field of strftime. */
export type TimeField = (time: Date) => string;

const DAYS = [
  "Sunday",
  "Monday",
  "Tuesday",
  "Wednesday",
  "Thursday",
  "Friday",
  "Saturday",
];

const MONTHS = [
  "January",
  "February",
  "March",
  "April",
  "May",
  "June",
  "July",
  "August",
  "September",
  "October",
  "November",
  "December",
];

const DAY_MS = 86_400_000;

/** `2026-11-23T05:53:37`, the fraction of a second as it is given, and the offset. */
export function isoTime(time: Date, fraction = ""): string {
  return `${date(time)}T${clock(time)}${fraction}${offset(time)}`;
}

/** The fields by their letters; `N` is date's: the nanoseconds. */
export const TIME_FIELDS: Readonly<Record<string, TimeField>> = {
  A: (time) => DAYS[time.getDay()] ?? "",
  a: (time) => DAYS[time.getDay()]?.slice(0, 3) ?? "",
  B: (time) => MONTHS[time.getMonth()] ?? "",
  b: (time) => MONTHS[time.getMonth()]?.slice(0, 3) ?? "",
  C: (time) => pad(Math.floor(time.getFullYear() / 100)),
  D: (time) => slashes(time),
  d: (time) => pad(time.getDate()),
  e: (time) => String(time.getDate()).padStart(2),
  F: (time) => date(time),
  H: (time) => pad(time.getHours()),
  I: (time) => pad(time.getHours() % 12 || 12),
  j: (time) => pad(dayOfYear(time), 3),
  M: (time) => pad(time.getMinutes()),
  m: (time) => pad(time.getMonth() + 1),
  N: (time) => `${pad(time.getMilliseconds(), 3)}000000`,
  n: () => "\n",
  p: (time) => time.getHours() < 12 ? "AM" : "PM",
  R: (time) => clock(time).slice(0, 5),
  S: (time) => pad(time.getSeconds()),
  s: (time) => String(Math.floor(time.getTime() / 1_000)),
  T: (time) => clock(time),
  t: () => "\t",
  u: (time) => String(time.getDay() || 7),
  w: (time) => String(time.getDay()),
  X: (time) => clock(time),
  x: (time) => slashes(time),
  Y: (time) => String(time.getFullYear()),
  y: (time) => pad(time.getFullYear() % 100),
  Z: (time) => zone(time),
  z: (time) => offset(time),
  "%": () => "%",
};

function date(time: Date): string {
  const year = pad(time.getFullYear(), 4);
  return `${year}-${pad(time.getMonth() + 1)}-${pad(time.getDate())}`;
}

function clock(time: Date): string {
  const minutes = `${pad(time.getHours())}:${pad(time.getMinutes())}`;
  return `${minutes}:${pad(time.getSeconds())}`;
}

function slashes(time: Date): string {
  const day = `${pad(time.getMonth() + 1)}/${pad(time.getDate())}`;
  return `${day}/${pad(time.getFullYear() % 100)}`;
}

/** Days are counted at noon: summer time begins and ends at night. */
function dayOfYear(time: Date): number {
  const noon = new Date(
    time.getFullYear(),
    time.getMonth(),
    time.getDate(),
    12,
  );
  const first = new Date(time.getFullYear(), 0, 1, 12);
  return Math.round((noon.getTime() - first.getTime()) / DAY_MS) + 1;
}

function offset(time: Date): string {
  const east = -time.getTimezoneOffset();
  const minutes = Math.abs(east);
  const hours = pad(Math.floor(minutes / 60));
  return `${east < 0 ? "-" : "+"}${hours}${pad(minutes % 60)}`;
}

function zone(time: Date): string {
  const parts = new Intl.DateTimeFormat("en", { timeZoneName: "short" })
    .formatToParts(time);
  return parts.find(({ type }) => type === "timeZoneName")?.value ?? "";
}

function pad(number: number, digits = 2): string {
  return String(number).padStart(digits, "0");
}
