import { call, Failure } from "./failure";
import { apiToken, discardToken } from "./token";

/** A task, as the API gives it; see docs/design.md. */
export interface Task {
  id: string;
  title: string;
  description: string;
  done: boolean;
  created_at: string;
  updated_at: string;
}

export interface TaskPage {
  items: Task[];
  next_cursor: string | null;
}

export const TITLE_MAX_LENGTH = 200;
export const DESCRIPTION_MAX_LENGTH = 1000;

export type TaskDraft = Pick<Task, "title" | "description">;

/** The newest tasks, or those after `cursor`. */
export async function listTasks(cursor?: string | null): Promise<TaskPage> {
  const query = cursor ? `?cursor=${encodeURIComponent(cursor)}` : "";
  return (await ask("GET", `/api/tasks${query}`)).json() as Promise<TaskPage>;
}

export async function createTask(draft: TaskDraft): Promise<Task> {
  return (await ask("POST", "/api/tasks", draft)).json() as Promise<Task>;
}

export async function updateTask(id: string, changes: Partial<TaskDraft & Pick<Task, "done">>): Promise<Task> {
  return (await ask("PATCH", `/api/tasks/${id}`, changes)).json() as Promise<Task>;
}

export async function deleteTask(id: string): Promise<void> {
  await ask("DELETE", `/api/tasks/${id}`);
}

async function ask(method: string, path: string, body?: object): Promise<Response> {
  let response = await send(method, path, body);
  if (response.status === 401) {
    // Ended on the way, or the key changed: a new token decides.
    response = await send(method, path, body);
  }
  if (response.ok) {
    return response;
  }
  switch (response.status) {
    case 401:
      throw new Failure("signed-out", "Your session has ended.");
    case 404:
      throw new Failure("gone", "This task is no longer there.");
    case 422:
      throw new Failure("refused", "The server did not accept this text.");
    default:
      throw new Failure("refused", `Something went wrong on the server (${response.status}).`);
  }
}

async function send(method: string, path: string, body?: object): Promise<Response> {
  const token = await apiToken();
  const headers: Record<string, string> = { Authorization: `Bearer ${token}`, Accept: "application/json" };
  const init: RequestInit = { method, headers };
  if (body !== undefined) {
    headers["Content-Type"] = "application/json";
    init.body = JSON.stringify(body);
  }
  const response = await call(path, init);
  if (response.status === 401) {
    discardToken(token);
  }
  return response;
}
