/** Alive: says nothing of Postgres or the backend, whose absence no restart of this process would mend. */
export function GET(): Response {
  return Response.json({ status: "ok" }, { headers: { "Cache-Control": "no-store" } });
}
