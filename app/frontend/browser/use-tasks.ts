import { useCallback, useEffect, useReducer } from "react";
import { Failure } from "./failure";
import { createTask, deleteTask, listTasks, type Task, type TaskDraft, type TaskPage, updateTask } from "./tasks";

interface TasksState {
  /** Undefined until the first page is there. */
  tasks: Task[] | undefined;
  nextCursor: string | null;
  /** How often the server has been tried in vain; 0 when it answers. */
  failedTries: number;
  signedOut: boolean;
  /** The last thing that happened, for the notice and for screen readers. */
  message: { text: string; isError: boolean } | undefined;
}

type Action =
  | { type: "listed"; page: TaskPage }
  | { type: "listed more"; page: TaskPage }
  | { type: "created"; task: Task }
  | { type: "changed"; task: Task }
  | { type: "removed"; id: string }
  | { type: "put back"; task: Task; index: number }
  | { type: "answered" }
  | { type: "said"; text: string }
  | { type: "failed"; failure: Failure };

const START: TasksState = { tasks: undefined, nextCursor: null, failedTries: 0, signedOut: false, message: undefined };

function reduce(state: TasksState, action: Action): TasksState {
  const tasks = state.tasks ?? [];
  switch (action.type) {
    case "listed":
      return { ...state, tasks: action.page.items, nextCursor: action.page.next_cursor, failedTries: 0 };
    case "listed more": {
      const known = new Set(tasks.map((task) => task.id));
      const more = action.page.items.filter((task) => !known.has(task.id));
      return { ...state, tasks: [...tasks, ...more], nextCursor: action.page.next_cursor, failedTries: 0 };
    }
    case "created":
      return { ...state, tasks: [action.task, ...tasks] };
    case "changed":
      return { ...state, tasks: tasks.map((task) => (task.id === action.task.id ? action.task : task)) };
    case "removed":
      return { ...state, tasks: tasks.filter((task) => task.id !== action.id) };
    case "put back":
      return { ...state, tasks: tasks.toSpliced(action.index, 0, action.task) };
    case "answered":
      return { ...state, failedTries: 0 };
    case "said":
      return { ...state, failedTries: 0, message: { text: action.text, isError: false } };
    case "failed":
      switch (action.failure.kind) {
        case "away":
          return { ...state, failedTries: state.failedTries + 1 };
        case "signed-out":
          return { ...state, signedOut: true };
        default:
          return { ...state, failedTries: 0, message: { text: action.failure.message, isError: true } };
      }
  }
}

const asFailure = (error: unknown) =>
  error instanceof Failure ? error : new Failure("refused", "Something went wrong in this page. Load it again.");

/**
 * The signed-in user's tasks, and what can be done with them. Changes show at once and are taken back when they fail;
 * every change tells whether it succeeded. While the server is away it is tried again, ever less often.
 */
export function useTasks() {
  const [state, dispatch] = useReducer(reduce, START);
  const { tasks, nextCursor, failedTries, signedOut } = state;
  const isLoaded = tasks !== undefined;

  const attempt = useCallback(async (work: () => Promise<Action | undefined>): Promise<Failure | null> => {
    try {
      const action = await work();
      if (action !== undefined) {
        dispatch(action);
      }
      return null;
    } catch (error) {
      const failure = asFailure(error);
      dispatch({ type: "failed", failure });
      return failure;
    }
  }, []);

  const reach = useCallback(
    () =>
      attempt(async () => {
        const page = await listTasks();
        // Once there are tasks on the page they stay as they are: someone may be in the middle of editing one.
        return isLoaded ? { type: "answered" } : { type: "listed", page };
      }),
    [attempt, isLoaded],
  );

  useEffect(() => {
    if (signedOut || (isLoaded && failedTries === 0)) {
      return;
    }
    const wait = failedTries === 0 ? 0 : Math.min(1000 * 2 ** (failedTries - 1), 15_000);
    const timer = setTimeout(() => void reach(), wait);
    const retryNow = () => void reach();
    window.addEventListener("online", retryNow);
    return () => {
      clearTimeout(timer);
      window.removeEventListener("online", retryNow);
    };
  }, [reach, isLoaded, failedTries, signedOut]);

  return {
    ...state,
    loadMore: () => attempt(async () => ({ type: "listed more", page: await listTasks(nextCursor) })),

    add: (draft: TaskDraft) =>
      attempt(async () => {
        const task = await createTask(draft);
        dispatch({ type: "created", task });
        return { type: "said", text: `Added “${task.title}”` };
      }),

    edit: (task: Task, draft: TaskDraft) =>
      attempt(async () => {
        dispatch({ type: "changed", task: await updateTask(task.id, draft) });
        return { type: "said", text: `Saved “${draft.title}”` };
      }),

    tick: async (task: Task, done: boolean) => {
      dispatch({ type: "changed", task: { ...task, done } });
      const failure = await attempt(async () => {
        dispatch({ type: "changed", task: await updateTask(task.id, { done }) });
        return { type: "said", text: done ? `Done: “${task.title}”` : `To do again: “${task.title}”` };
      });
      if (failure !== null) {
        dispatch({ type: "changed", task });
      }
      return failure;
    },

    remove: async (task: Task) => {
      const index = tasks?.findIndex((other) => other.id === task.id) ?? 0;
      dispatch({ type: "removed", id: task.id });
      const failure = await attempt(async () => {
        await deleteTask(task.id);
        return { type: "said", text: `Deleted “${task.title}”` };
      });
      if (failure !== null && failure.kind !== "gone") {
        dispatch({ type: "put back", task, index });
      }
      return failure;
    },
  };
}
