import { expect, test } from "vitest";
import { ALL_TASKS, type ListQuery, listAddress, readListQuery, wholeView, withTag } from "@/browser/list-query";

test.each<[string, ListQuery]>([
  ["/tasks", ALL_TASKS],
  ["/tasks?view=today", wholeView("today")],
  ["/tasks?tag=home", withTag("home")],
  ["/tasks?view=done&q=oat+milk", { ...wholeView("done"), search: "oat milk" }],
  ["/tasks?view=upcoming&priority=high&sort=title", { ...wholeView("upcoming"), priority: "high", sort: "title" }],
  ["/tasks?tag=%C3%A9t%C3%A9&q=%26%23%3C&done=hide", { ...withTag("été"), search: "&#<", isDoneHidden: true }],
])("%s is the address of its list, and its list is that address's", (address, query) => {
  expect(readListQuery(new URL(address, "http://todo-app.local").searchParams)).toEqual(query);
  expect(listAddress(query)).toBe(address);
});

test.each([
  ["/tasks?view=nothing&sort=;drop&priority=urgent&done=hide-me&tag=a%20b", "/tasks"],
  ["/tasks?view=all&sort=-created", "/tasks"],
  ["/tasks?view=done&done=hide", "/tasks?view=done"],
  ["/tasks?tag=HOME", "/tasks?tag=home"],
  ["/tasks?tag=%00&q=%00", "/tasks"],
  ["/tasks?tag=%E2%80%AEa", "/tasks"],
  [`/tasks?q=${"x".repeat(500)}`, `/tasks?q=${"x".repeat(100)}`],
  [`/tasks?q=${"%F0%9F%8E%82".repeat(101)}`, `/tasks?q=${"%F0%9F%8E%82".repeat(100)}`],
])("%s is read as %s", (address, meant) => {
  expect(listAddress(readListQuery(new URL(address, "http://todo-app.local").searchParams))).toBe(meant);
});
