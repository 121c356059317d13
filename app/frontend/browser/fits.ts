import type { Task } from "./api";
import { isOverdue, type WallClock } from "./calendar";
import type { ListQuery } from "./list-query";

/** Whether a task belongs to a list, by the rules that the API lists by. */
export function fits(task: Task, query: ListQuery, now: WallClock): boolean {
  const text = `${task.title}\n${task.description}`.toLowerCase();
  return (
    fitsView(task, query, now) &&
    (query.tag === null || task.tags.includes(query.tag)) &&
    (query.priority === null || task.priority === query.priority) &&
    query.search
      .toLowerCase()
      .split(/\s+/)
      .every((word) => text.includes(word))
  );
}

function fitsView({ done, due }: Task, { view, isDoneHidden }: ListQuery, now: WallClock): boolean {
  switch (view) {
    case "all":
      return !(isDoneHidden && done);
    case "done":
      return done;
    case "today":
      return !done && due?.date === now.day;
    case "upcoming":
      return !done && due !== null && due.date > now.day;
    case "overdue":
      return !done && due !== null && isOverdue(due, now);
  }
}
