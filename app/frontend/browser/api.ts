import createClient from "openapi-fetch";
import type { components, paths } from "./api-types";
import type { WallClock } from "./calendar";
import { call, Failure, PATIENCE_MS, unlessGone } from "./failure";
import type { ListQuery } from "./list-query";
import { noteServedBy } from "./served-by";
import { apiToken, discardToken } from "./token";

export type Task = components["schemas"]["Task"];
export type NewTask = components["schemas"]["NewTask"];
export type TaskChanges = components["schemas"]["TaskChanges"];
export type TaskPage = components["schemas"]["TaskPage"];
export type Counts = components["schemas"]["Counts"];
export type TagCount = components["schemas"]["TagCount"];

export const TITLE_MAX_LENGTH = 200;
export const DESCRIPTION_MAX_LENGTH = 1000;

/** The calls to the API that lists of tasks are made of. Each throws a Failure where it does not succeed. */
export interface TaskApi {
  list: (query: ListQuery, now: WallClock, cursor: string | null) => Promise<TaskPage>;
  read: (id: string) => Promise<Task>;
  /** `key` makes it safe to ask again: the same key makes one task. */
  create: (task: NewTask, key: string) => Promise<Task>;
  /** With a version, only if the task still has it: else a Failure of kind `changed`. */
  update: (id: string, changes: TaskChanges, version?: string) => Promise<Task>;
  /** Only if the task still has the version: else a Failure of kind `changed`. One that is gone already is no failure. */
  remove: (id: string, version: string) => Promise<void>;
  restore: (id: string) => Promise<Task>;
  counts: (now: WallClock) => Promise<Counts>;
  tags: () => Promise<TagCount[]>;
  /** Makes the samples of a first visit, and tells how many; none on a later one. */
  makeSamples: (today: string) => Promise<number>;
  /** Removes the samples, and tells which. */
  removeSamples: () => Promise<string[]>;
}

/** Sends a request with the user's token; without a signal, an answer is waited for as long as for any. */
async function authorized(request: Request, signal?: AbortSignal): Promise<Response> {
  const send = async () => {
    const token = await apiToken();
    const headers = new Headers(request.headers);
    headers.set("Authorization", `Bearer ${token}`);
    const response = await call(new Request(request.clone(), { headers }), signal && { signal });
    noteServedBy("backend", response);
    if (response.status === 401) {
      discardToken(token);
    }
    return response;
  };
  const response = await send();
  // Ended on the way, or the key changed: a new token decides.
  return response.status === 401 ? send() : response;
}

/** The client of the contract's API, for what goes beyond the tasks as well. */
export const client = createClient<paths>({ fetch: (request) => authorized(request) });

/** An answer, be it a success or not; one that does not come whole is a Failure. */
export function whole<Answer>(answer: Promise<Answer>): Promise<Answer> {
  return answer.catch((error: unknown) => {
    throw error instanceof Failure ? error : new Failure("away", "The server's answer broke off.");
  });
}

/** The answer's data; what is no success is a Failure, and so is an answer that does not come whole. */
export async function dataOf<Data>(answer: Promise<{ data?: Data; response: Response }>): Promise<NonNullable<Data>> {
  const { data, response } = await whole(answer);
  if (response.ok) {
    return data as NonNullable<Data>;
  }
  throw failureOf(response);
}

/** What an answer that is no success means. */
export function failureOf(response: Response): Failure {
  switch (response.status) {
    case 401:
      return new Failure("signed-out", "Your session has ended.");
    case 404:
      return new Failure("gone", "This task is no longer there.");
    case 409:
      return new Failure("taken", "Something else came first. Look again, then try once more.");
    case 412:
      return new Failure("changed", "This task was changed elsewhere.");
    case 422:
      return new Failure("refused", "The server did not accept this.");
    default:
      return new Failure("refused", `Something went wrong on the server (${response.status}).`);
  }
}

/** Sends a request whose answer may be long in coming: there is a limit on the wait for its beginning alone. */
export async function begun(request: Request, stop?: AbortSignal): Promise<Response> {
  const limit = new AbortController();
  const abort = () => {
    limit.abort();
  };
  stop?.addEventListener("abort", abort); // for good, as it stops what comes after the beginning, too
  const timer = setTimeout(abort, PATIENCE_MS);
  return authorized(request, limit.signal).finally(() => {
    clearTimeout(timer);
  });
}

/** All of the user's data. */
export async function exported(): Promise<components["schemas"]["Export"]> {
  return dataOf(client.GET("/api/export", { fetch: (request) => begun(request) }));
}

const ifMatch = (version?: string) => (version === undefined ? {} : { header: { "If-Match": `"${version}"` } });

export const taskApi: TaskApi = {
  list: ({ view, isDoneHidden, tag, priority, search, sort }, now, cursor) =>
    dataOf(
      client.GET("/api/tasks", {
        params: {
          query: {
            view: view === "all" && isDoneHidden ? "open" : view,
            today: now.day,
            time: now.time,
            sort,
            ...(tag !== null && { tag }),
            ...(priority !== null && { priority }),
            ...(search.trim() !== "" && { q: search }),
            ...(cursor !== null && { cursor }),
          },
        },
      }),
    ),
  read: (id) => dataOf(client.GET("/api/tasks/{task_id}", { params: { path: { task_id: id } } })),
  create: (task, key) =>
    dataOf(client.POST("/api/tasks", { params: { header: { "Idempotency-Key": key } }, body: task })),
  update: (id, changes, version) =>
    dataOf(
      client.PATCH("/api/tasks/{task_id}", { params: { path: { task_id: id }, ...ifMatch(version) }, body: changes }),
    ),
  remove: async (id, version) => {
    const params = { path: { task_id: id }, ...ifMatch(version) };
    await dataOf(client.DELETE("/api/tasks/{task_id}", { params })).catch(unlessGone);
  },
  restore: (id) => dataOf(client.POST("/api/tasks/{task_id}/restore", { params: { path: { task_id: id } } })),
  counts: (now) => dataOf(client.GET("/api/counts", { params: { query: { today: now.day, time: now.time } } })),
  tags: async () => (await dataOf(client.GET("/api/tags"))).items,
  makeSamples: async (today) => (await dataOf(client.POST("/api/samples", { body: { today } }))).created,
  removeSamples: async () => (await dataOf(client.DELETE("/api/samples"))).ids,
};
