import { describe, expect, test } from "vitest";
import { isOverdue, sayDue, wallClock } from "@/browser/calendar";
import { parseQuickAdd } from "@/browser/quick-add";
import { readTags } from "@/browser/tags";

// A Tuesday, at noon and a bit.
const now = { day: "2026-11-24", time: "12:30" };

describe("quick add understands", () => {
  test.each([
    // [line, title, priority, tags, day, time]
    ["Buy milk !high #home tomorrow 18:00", "Buy milk", "high", ["home"], "2026-11-25", "18:00"],
    ["Buy milk", "Buy milk", null, [], null, null],
    ["", "", null, [], null, null],
    ["!high #home", "", "high", ["home"], null, null],
    ["  spaced \t out  ", "spaced out", null, [], null, null],

    // priorities
    ["Call !low", "Call", "low", [], null, null],
    ["Call !MEDIUM mum", "Call mum", "medium", [], null, null],
    ["Call !1", "Call", "high", [], null, null],
    ["Call !low !high", "Call", "high", [], null, null],
    ["Wow! !urgent", "Wow! !urgent", null, [], null, null],
    ["!constructor", "!constructor", null, [], null, null],

    // tags
    ["Fix #Home and #garden #home", "Fix and", null, ["home", "garden"], null, null],
    ["Fix issue #12", "Fix issue #12", null, [], null, null],
    ["Plan #2027-goals", "Plan", null, ["2027-goals"], null, null],
    ["Lire #été #日本", "Lire", null, ["été", "日本"], null, null],
    ["C# is a # language", "C# is a # language", null, [], null, null],
    [`Tag #${"x".repeat(31)}`, `Tag #${"x".repeat(31)}`, null, [], null, null],

    // days
    ["Rest today", "Rest", null, [], "2026-11-24", null],
    ["Tomorrow call mum", "call mum", null, [], "2026-11-25", null],
    ["Meet friday", "Meet", null, [], "2026-11-27", null],
    ["Meet on Friday at 9:05", "Meet", null, [], "2026-11-27", "09:05"],
    ["Meet tuesday", "Meet", null, [], "2026-12-01", null],
    ["Meet mon", "Meet", null, [], "2026-11-30", null],
    ["Meet next week", "Meet", null, [], "2026-11-30", null],
    ["Meet next tuesday", "Meet", null, [], "2026-12-01", null],
    ["Meet next sun", "Meet", null, [], "2026-12-06", null],
    ["Water in 3 days", "Water", null, [], "2026-11-27", null],
    ["Water in a week", "Water", null, [], "2026-12-01", null],
    ["Water in 2 weeks", "Water", null, [], "2026-12-08", null],
    ["Put the bread in 3 boxes", "Put the bread in 3 boxes", null, [], null, null],
    ["Report by 2026-12-01", "Report", null, [], "2026-12-01", null],
    ["Gifts 24.12.", "Gifts", null, [], "2026-12-24", null],
    ["Gifts 24.12.2027", "Gifts", null, [], "2027-12-24", null],
    ["Gifts 24 dec", "Gifts", null, [], "2026-12-24", null],
    ["Gifts December 24th 2028 #xmas", "Gifts", null, ["xmas"], "2028-12-24", null],
    ["Party 1 jan", "Party", null, [], "2027-01-01", null],
    ["Leap 29 feb 2028", "Leap", null, [], "2028-02-29", null],
    ["Leap 29 feb 2027", "Leap 29 feb 2027", null, [], null, null],
    ["Nonsense 2026-13-45", "Nonsense 2026-13-45", null, [], null, null],

    // times
    ["Eat 18:00", "Eat", null, [], "2026-11-24", "18:00"],
    ["Eat at 6pm", "Eat", null, [], "2026-11-24", "18:00"],
    ["Eat 6:30 pm tomorrow", "Eat", null, [], "2026-11-25", "18:30"],
    ["Run 7am", "Run", null, [], "2026-11-25", "07:00"],
    ["Run 12am", "Run", null, [], "2026-11-25", "00:00"],
    ["Eat at noon tomorrow", "Eat", null, [], "2026-11-25", "12:00"],
    ["Run today 7:00", "Run", null, [], "2026-11-24", "07:00"],
    ["Read chapter 5", "Read chapter 5", null, [], null, null],
    ["Score 25:00 or 3:99", "Score 25:00 or 3:99", null, [], null, null],
    ["Score 13pm", "Score 13pm", null, [], null, null],

    // what only looks like a date
    ["Buy sun cream", "Buy sun cream", null, [], null, null],
    ["Buy cream sun !low", "Buy cream", "low", [], "2026-11-29", null],
    ["Call sat 18:00", "Call", null, [], "2026-11-28", "18:00"],
    ["You may march", "You may march", null, [], null, null],
    ["Read Friday tomorrow", "Read Friday", null, [], "2026-11-25", null],
    ["Read \\tomorrow \\#home \\!high \\18:00", "Read tomorrow #home !high 18:00", null, [], null, null],
    ["A lone \\ stays", "A lone \\ stays", null, [], null, null],
    ["<b>tomorrow</b> #<i>", "<b>tomorrow</b> #<i>", null, [], null, null],
  ] as const)("%s", (line, title, priority, tags, day, time) => {
    expect(parseQuickAdd(line, now)).toEqual({ title, priority: priority ?? "none", tags, due: day === null ? null : { date: day, time } });
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
