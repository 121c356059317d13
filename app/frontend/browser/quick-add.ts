import { addDays, type Day, dayOf, type Due, type TimeOfDay, type WallClock, weekdayOf } from "./calendar";

export type Priority = "none" | "low" | "medium" | "high";

/** What one line says of a new task. */
export interface QuickAdd {
  title: string;
  priority: Priority;
  /** In the order in which they were written, each once. */
  tags: string[];
  due: Due | null;
}

const PRIORITIES: Record<string, Priority> = {
  "!low": "low",
  "!medium": "medium",
  "!high": "high",
  "!3": "low",
  "!2": "medium",
  "!1": "high",
};

const WEEKDAYS = ["monday", "tuesday", "wednesday", "thursday", "friday", "saturday", "sunday"];
const MONTHS = [
  ...["january", "february", "march", "april", "may", "june"],
  ...["july", "august", "september", "october", "november", "december"],
];

/** Letters, digits, - and _, with a letter among them: `#12` is a number. */
const TAG = /^#(?=[\p{N}_-]*\p{L})([\p{L}\p{N}][\p{L}\p{N}_-]{0,29})$/u;

/** Some words in a row that mean something. */
interface Phrase<Meaning> {
  start: number;
  length: number;
  meaning: Meaning;
}

/**
 * Understands a line such as `Buy milk !high #home tomorrow 18:00`; what it does not understand is the title.
 *
 * Of several priorities, dates or times the last one counts; earlier dates and times stay in the title, as in
 * `Read “Friday” tomorrow`. A time without a date is the next time the clock shows it. A backslash before a word keeps
 * that word from being understood.
 * @param now what calendar and clock on the user's own wall show
 */
export function parseQuickAdd(line: string, now: WallClock): QuickAdd {
  const written = line.split(/\s+/).filter((word) => word !== "");
  const words = written.map((word) => word.toLowerCase());
  const isTaken = words.map(() => false);
  const tags: string[] = [];
  let priority: Priority = "none";

  words.forEach((word, index) => {
    const tag = TAG.exec(word)?.[1];
    if (tag !== undefined) {
      isTaken[index] = true;
      if (!tags.includes(tag)) {
        tags.push(tag);
      }
    } else if (Object.hasOwn(PRIORITIES, word)) {
      isTaken[index] = true;
      priority = PRIORITIES[word] ?? "none";
    }
  });

  const take = <Meaning>(phrase: Phrase<Meaning> | null, preposition: string[]): Meaning | null => {
    if (phrase === null) {
      return null;
    }
    isTaken.fill(true, phrase.start, phrase.start + phrase.length);
    const before = phrase.start - 1;
    if (preposition.includes(words[before] ?? "") && isTaken[before] === false) {
      isTaken[before] = true;
    }
    return phrase.meaning;
  };
  const time = take(last(words, isTaken, timeAt), ["at"]);
  const day = take(
    last(words, isTaken, (free, at) => dayAt(free, at, now.day)),
    ["on", "by"],
  );

  const title = written
    .filter((_, index) => isTaken[index] === false)
    .map((word) => word.replace(/^\\(?=\S)/, ""))
    .join(" ");
  return { title, priority, tags, due: dueOf(day, time, now) };
}

function dueOf(day: Day | null, time: TimeOfDay | null, now: WallClock): Due | null {
  if (day !== null) {
    return { date: day, time };
  }
  return time === null ? null : { date: time > now.time ? now.day : addDays(now.day, 1), time };
}

type Match<Meaning> = { length: number; meaning: Meaning } | null;

/** The last phrase among words that nothing else has taken. */
function last<Meaning>(
  words: string[],
  isTaken: boolean[],
  at: (words: (string | undefined)[], index: number) => Match<Meaning>,
): Phrase<Meaning> | null {
  const free = words.map((word, index) => (isTaken[index] === true ? undefined : word));
  let found: Phrase<Meaning> | null = null;
  for (let start = 0; start < free.length; ) {
    const match = at(free, start);
    if (match !== null) {
      found = { start, ...match };
    }
    start += match?.length ?? 1;
  }
  return found;
}

/** The time of day that is written at a place: `18:00`, `6pm`, `6:30 pm`, `noon`. */
function timeAt(words: (string | undefined)[], index: number): Match<TimeOfDay> {
  const word = words[index] ?? "";
  if (word === "noon") {
    return { length: 1, meaning: "12:00" };
  }
  const next = words[index + 1] ?? "";
  const half = /^(am|pm)$/.test(next) && /^\d{1,2}(:\d\d)?$/.test(word) ? next : "";
  const parts = /^(\d{1,2})(?::(\d\d))?(am|pm)?$/.exec(word + half);
  if (parts === null || (parts[2] === undefined && parts[3] === undefined)) {
    return null;
  }
  let hour = Number(parts[1]);
  const minute = Number(parts[2] ?? 0);
  if (parts[3] !== undefined) {
    if (hour < 1 || hour > 12) {
      return null;
    }
    hour = (hour % 12) + (parts[3] === "pm" ? 12 : 0);
  }
  if (hour > 23 || minute > 59) {
    return null;
  }
  const two = (number: number) => String(number).padStart(2, "0");
  return { length: half === "" ? 1 : 2, meaning: `${two(hour)}:${two(minute)}` };
}

/** The day that is written at a place. */
function dayAt(words: (string | undefined)[], index: number, today: Day): Match<Day> {
  const [first = "", second = "", third = ""] = words.slice(index, index + 3);
  const some = (length: number, day: Day | null): Match<Day> => (day === null ? null : { length, meaning: day });

  switch (first) {
    case "today":
      return some(1, today);
    case "tomorrow":
      return some(1, addDays(today, 1));
    case "in": {
      const count = second === "a" ? 1 : Number(/^\d{1,3}$/.exec(second)?.[0]);
      const unit = { day: 1, days: 1, week: 7, weeks: 7 }[third];
      return some(3, Number.isNaN(count) || unit === undefined ? null : addDays(today, count * unit));
    }
    case "next": {
      const nextMonday = addDays(today, 8 - weekdayOf(today));
      const weekday = weekdayNamed(second);
      if (second === "week") {
        return some(2, nextMonday);
      }
      return some(2, weekday === null ? null : addDays(nextMonday, weekday - 1));
    }
  }

  const iso = /^(\d{4})-(\d\d)-(\d\d)$/.exec(first) ?? [];
  if (iso.length > 0) {
    return some(1, dayOf(Number(iso[1]), Number(iso[2]), Number(iso[3])));
  }
  const dotted = /^(\d{1,2})\.(\d{1,2})\.(\d{4})?$/.exec(first);
  if (dotted !== null) {
    return some(1, onwards(Number(dotted[1]), Number(dotted[2]), dotted[3], today));
  }

  const year = /^\d{4}$/.exec(third)?.[0];
  for (const [date, month] of [
    [first, second],
    [second, first],
  ] as const) {
    const number = monthNamed(month);
    if (number !== null && /^\d{1,2}(st|nd|rd|th)?$/.test(date)) {
      return some(year === undefined ? 2 : 3, onwards(Number.parseInt(date, 10), number, year, today));
    }
  }

  const weekday = weekdayNamed(first);
  // `sun cream` and `in the sun` are no Sunday: short names count where nothing but other marks follows, and no article goes before.
  const isWord = words.slice(index + 1).some(isTitle) || ["the", "a", "an"].includes(words[index - 1] ?? "");
  if (weekday === null || (first.length === 3 && isWord)) {
    return null;
  }
  return some(1, addDays(today, ((weekday - weekdayOf(today) + 6) % 7) + 1));
}

/** Whether a word that no tag or priority has taken belongs to the title: it is no part of a time. */
function isTitle(word: string | undefined, index: number, words: (string | undefined)[]): boolean {
  return word !== undefined && word !== "at" && timeAt(words, index) === null && !/^(am|pm)$/.test(word);
}

/** The day of a month in the given year, else the next one that is not over. */
function onwards(date: number, month: number, year: string | undefined, today: Day): Day | null {
  if (year !== undefined) {
    return dayOf(Number(year), month, date);
  }
  const thisYear = Number(today.slice(0, 4));
  const day = dayOf(thisYear, month, date);
  return day !== null && day >= today ? day : dayOf(thisYear + 1, month, date);
}

const named = (names: string[], word: string): number | null => {
  const index = names.findIndex((name) => word === name || (word.length === 3 && name.startsWith(word)));
  return index === -1 ? null : index + 1;
};
const weekdayNamed = (word: string) => named(WEEKDAYS, word);
const monthNamed = (word: string) => named(MONTHS, word);
