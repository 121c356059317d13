import type { Priority } from "./quick-add";

/** The lists that a user can look at, in the order in which they are offered. */
export const VIEWS = ["today", "upcoming", "overdue", "all", "done"] as const;
export type View = (typeof VIEWS)[number];

/** What a list can be sorted by; `-` turns it round. */
export const SORTS = ["due", "-priority", "-created", "created", "title", "-updated"] as const;
export type Sort = (typeof SORTS)[number];

export const PRIORITIES: Priority[] = ["high", "medium", "low", "none"];

/** Which tasks are shown, and how: all that the address of the page says. */
export interface ListQuery {
  view: View;
  tag: string | null;
  priority: Priority | null;
  /** What is searched for, as it was typed. */
  search: string;
  sort: Sort;
  /** Of the view `all`: only what is still to do. */
  isDoneHidden: boolean;
}

export const VIEW_TITLES: Record<View, string> = {
  today: "Today",
  upcoming: "Upcoming",
  overdue: "Overdue",
  all: "All tasks",
  done: "Done",
};

/** What a view is sorted by unless the address says otherwise. */
const USUAL_SORT: Record<View, Sort> = {
  today: "due",
  upcoming: "due",
  overdue: "due",
  all: "-created",
  done: "-updated",
};

export const ALL_TASKS: ListQuery = {
  view: "all",
  tag: null,
  priority: null,
  search: "",
  sort: USUAL_SORT.all,
  isDoneHidden: false,
};

/** The whole of a view, as its link in the navigation shows it. */
export const wholeView = (view: View): ListQuery => ({ ...ALL_TASKS, view, sort: USUAL_SORT[view] });

/** All tasks with a tag. */
export const withTag = (tag: string): ListQuery => ({ ...ALL_TASKS, tag });

/** What the API takes as a tag, and as the length of a search. */
const TAG = /^[^\s#,\p{Cc}\u200b-\u200f\u202a-\u202e\u2060-\u206f]{1,30}$/u;
export const SEARCH_MAX_LENGTH = 100;

/** Reads an address's parameters; what makes no sense there is left out, as anyone can type an address. */
export function readListQuery(parameters: URLSearchParams): ListQuery {
  const one = <Name extends string>(name: string, known: readonly Name[]) =>
    known.find((value) => value === parameters.get(name)) ?? null;
  const view = one("view", VIEWS) ?? "all";
  return {
    view,
    tag: TAG.exec(parameters.get("tag") ?? "")?.[0].toLowerCase() ?? null,
    priority: one("priority", PRIORITIES),
    search: Array.from((parameters.get("q") ?? "").replaceAll("\0", "")).slice(0, SEARCH_MAX_LENGTH).join(""),
    sort: one("sort", SORTS) ?? USUAL_SORT[view],
    isDoneHidden: view === "all" && parameters.get("done") === "hide",
  };
}

/** The address of a list; it says only what is not usual, so that each list has one address. */
export function listAddress(query: ListQuery): string {
  const parameters = new URLSearchParams();
  const set = (name: string, value: string | null) => {
    if (value !== null) {
      parameters.set(name, value);
    }
  };
  set("view", query.view === "all" ? null : query.view);
  set("tag", query.tag);
  set("priority", query.priority);
  set("q", query.search === "" ? null : query.search);
  set("sort", query.sort === USUAL_SORT[query.view] ? null : query.sort);
  set("done", query.isDoneHidden ? "hide" : null);
  const text = parameters.toString();
  return text === "" ? "/tasks" : `/tasks?${text}`;
}

/** What a list is called. */
export function listTitle({ view, tag }: ListQuery): string {
  if (tag === null) {
    return VIEW_TITLES[view];
  }
  return view === "all" ? `#${tag}` : `${VIEW_TITLES[view]} #${tag}`;
}
