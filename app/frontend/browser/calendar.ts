/** A day as the calendar on the wall has it, `2026-11-24`: no instant, no time zone. Sorts as text. */
export type Day = string;

/** A time of day, `18:00`. Sorts as text. */
export type TimeOfDay = string;

/** When something is due where the user is: some day, or some day at some time. */
export interface Due {
  date: Day;
  time: TimeOfDay | null;
}

/** What calendar and clock on the wall show. */
export interface WallClock {
  day: Day;
  time: TimeOfDay;
}

const MS_PER_DAY = 86_400_000;

/** What the wall shows in a time zone (IANA's name for it) at an instant; the browser's own zone unless given. */
export function wallClock(instant: Date, timeZone?: string): WallClock {
  // Swedish writes dates as ISO 8601 does.
  const [day = "", time = ""] = new Intl.DateTimeFormat("sv-SE", {
    dateStyle: "short",
    timeStyle: "short",
    ...(timeZone !== undefined && { timeZone }),
  })
    .format(instant)
    .split(" ");
  return { day, time };
}

/** The day so many days later. */
export function addDays(day: Day, days: number): Day {
  return new Date(Date.parse(day) + days * MS_PER_DAY).toISOString().slice(0, 10);
}

/** 1 for Monday to 7 for Sunday, as in ISO 8601. */
export function weekdayOf(day: Day): number {
  return new Date(day).getUTCDay() || 7;
}

/** The day of these numbers, or null where the calendar has none, as for 31 February. */
export function dayOf(year: number, month: number, date: number): Day | null {
  const day = new Date(Date.UTC(year, month - 1, date));
  return day.getUTCFullYear() === year && day.getUTCMonth() === month - 1 ? day.toISOString().slice(0, 10) : null;
}

/** Whether it is too late: after its day, or, where a time is set, after that. */
export function isOverdue(due: Due, now: WallClock): boolean {
  return due.date < now.day || (due.date === now.day && due.time !== null && due.time < now.time);
}

/** A due date as one says it: `Today 18:00`, `Tomorrow`, `Friday`, `24 Dec`, `24 Dec 2027`. */
export function sayDue({ date, time }: Due, today: Day): string {
  const inDays = (Date.parse(date) - Date.parse(today)) / MS_PER_DAY;
  const words = time === null ? "" : ` ${time}`;
  if (inDays === 0) {
    return `Today${words}`;
  }
  if (inDays === 1) {
    return `Tomorrow${words}`;
  }
  if (inDays === -1) {
    return `Yesterday${words}`;
  }
  const options: Intl.DateTimeFormatOptions =
    inDays > 1 && inDays < 7
      ? { weekday: "long" }
      : { day: "numeric", month: "short", ...(date.slice(0, 4) !== today.slice(0, 4) && { year: "numeric" }) };
  return new Intl.DateTimeFormat("en-GB", { ...options, timeZone: "UTC" }).format(new Date(date)) + words;
}
