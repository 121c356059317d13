import { STATUS_CODES } from "node:http";

// RFC 9110's name; Node still has an older one.
const TITLES: Record<number, string | undefined> = { ...STATUS_CODES, 413: "Content Too Large" };

/** An RFC 9457 problem document; `detail` is for people, and names nothing inside the cluster. */
export function problem(status: number, detail: string, headers?: HeadersInit): Response {
  const response = Response.json({ type: "about:blank", title: TITLES[status], status, detail }, { status });
  new Headers(headers).forEach((value, name) => {
    response.headers.set(name, value);
  });
  response.headers.set("Content-Type", "application/problem+json");
  response.headers.set("Cache-Control", "no-store");
  return response;
}

/** The answer where Better Auth failed, most often as Postgres is away; the reason goes to the log. */
export function signInUnavailable(error: unknown): Response {
  console.error(JSON.stringify({ level: "error", message: "sign-in is not available", error: String(error) }));
  return problem(503, "Sign-in is not available at the moment.", { "Retry-After": "1" });
}
