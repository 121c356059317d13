import type { Counts, TagCount, Task, TaskChanges } from "./api";
import { ALL_TASKS, type ListQuery } from "./list-query";

/** The last thing that happened, for people to read, and perhaps to undo. */
export interface Notice {
  /** A new one each time, also for the same words. */
  id: number;
  text: string;
  isError: boolean;
  /** Whether it tells of a change that is the next one to be taken back. */
  canUndo: boolean;
}

/** An edit that met another one: both are here, and the user chooses. */
export interface Conflict {
  /** One of its own for each. */
  id: number;
  /** As it was when the user began to edit. */
  opened: Task;
  mine: TaskChanges;
  theirs: Task;
}

/** What the page shows of the tasks. */
export interface BoardState {
  query: ListQuery;
  /** Undefined until the first page is there. */
  tasks: Task[] | undefined;
  nextCursor: string | null;
  /** The list is being asked for; what is shown meanwhile is the one before. */
  isLoading: boolean;
  /** Why the list could not be had when it was asked for last: what is shown is older, or not the list at all. */
  listProblem: string | null;
  /** Tasks with a change that the server has not confirmed yet. */
  pending: ReadonlySet<string>;
  counts: Counts | null;
  tags: TagCount[];
  isAway: boolean;
  isSignedOut: boolean;
  notice: Notice | null;
  /** Those that wait for the user's choice, the oldest first. */
  conflicts: Conflict[];
}

export const START: BoardState = {
  query: ALL_TASKS,
  tasks: undefined,
  nextCursor: null,
  isLoading: true,
  listProblem: null,
  pending: new Set(),
  counts: null,
  tags: [],
  isAway: false,
  isSignedOut: false,
  notice: null,
  conflicts: [],
};
