import { readFileSync } from "node:fs";
import path from "node:path";
import { describe, expect, test } from "vitest";
import { isOverdue, sayDue, wallClock } from "@/browser/calendar";
import { parseQuickAdd } from "@/browser/quick-add";
import { readTags } from "@/browser/tags";

const contract = JSON.parse(readFileSync(path.join(import.meta.dirname, "../../contract/quick-add.json"), "utf8")) as {
  now: { date: string; time: string };
  cases: { line: string; title: string; priority: string; tags: string[]; date: string | null; time: string | null }[];
};
const now = { day: contract.now.date, time: contract.now.time };

describe("quick add understands what the contract says", () => {
  test.each(contract.cases)("$line", ({ line, date, time, ...said }) => {
    expect(parseQuickAdd(line, now)).toEqual({ ...said, due: date === null ? null : { date, time } });
  });
});

test.each([
  ["#home, Garden  home", ["home", "garden"], null],
  ["", [], null],
  ["#a#b", ["a", "b"], null],
  ["x".repeat(31), ["x".repeat(31)], expect.stringContaining("30 characters") as string],
  ["a b c d e f g h i j k", "a b c d e f g h i j k".split(" "), "A task has 10 tags at most."],
])("the field of tags %j is read as %j", (text, tags, problem) => {
  expect(readTags(text)).toEqual({ tags, problem });
});

describe("today is the user's own", () => {
  const instant = new Date("2026-11-24T23:30:00Z");
  test.each([
    ["Europe/Berlin", "2026-11-25", "00:30", "2026-11-26"],
    ["America/New_York", "2026-11-24", "18:30", "2026-11-25"],
    ["Pacific/Kiritimati", "2026-11-25", "13:30", "2026-11-26"],
    ["Asia/Kathmandu", "2026-11-25", "05:15", "2026-11-26"],
  ])("in %s", (zone, day, time, tomorrow) => {
    expect(wallClock(instant, zone)).toEqual({ day, time });
    expect(parseQuickAdd("Call tomorrow", wallClock(instant, zone)).due).toEqual({ date: tomorrow, time: null });
  });

  test("the day after a night with a change of clocks is the next one", () => {
    const beforeTheChange = wallClock(new Date("2026-10-24T22:30:00Z"), "Europe/Berlin");
    expect(beforeTheChange).toEqual({ day: "2026-10-25", time: "00:30" });
    expect(parseQuickAdd("Call tomorrow", beforeTheChange).due?.date).toBe("2026-10-26");
  });
});

describe("a due date is said as people say it", () => {
  test.each([
    ["2026-11-24", "18:00", "Today 18:00"],
    ["2026-11-25", null, "Tomorrow"],
    ["2026-11-23", null, "Yesterday"],
    ["2026-11-27", "09:00", "Friday 09:00"],
    ["2026-12-01", null, "1 Dec"],
    ["2026-11-20", null, "20 Nov"],
    ["2027-01-02", null, "2 Jan 2027"],
  ])("%s %s", (date, time, words) => {
    expect(sayDue({ date, time }, now.day)).toBe(words);
  });
});

describe("overdue", () => {
  test.each([
    ["2026-11-23", null, true],
    ["2026-11-24", null, false],
    ["2026-11-24", "12:29", true],
    ["2026-11-24", "12:30", false],
    ["2026-11-25", "00:00", false],
  ])("%s %s: %s", (date, time, late) => {
    expect(isOverdue({ date, time }, now)).toBe(late);
  });
});
