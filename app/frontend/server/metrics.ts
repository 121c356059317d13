import { createServer, type Server } from "node:http";
import { collectDefaultMetrics, Counter, Histogram, Registry } from "prom-client";

function makeFigures() {
  const registry = new Registry();
  collectDefaultMetrics({ register: registry });
  return {
    registry,
    forwarded: new Histogram({
      name: "todo_frontend_forwarded_request_duration_seconds",
      help: "Time until the backend's answer began, for requests that came through the frontend",
      labelNames: ["method", "status"],
      buckets: [0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1, 2.5, 5, 10],
      registers: [registry],
    }),
    auth: new Counter({
      name: "todo_frontend_auth_requests_total",
      help: "Requests to Better Auth, and for tokens of the API",
      labelNames: ["action", "status"],
      registers: [registry],
    }),
  };
}

// Next bundles this module once for the route handlers and once for the start of the server: both must count together.
const ours = globalThis as { todoFigures?: ReturnType<typeof makeFigures> };
const { registry, forwarded, auth } = (ours.todoFigures ??= makeFigures());

/** Those that are counted by name; anyone can ask for any other path. */
const ACTIONS = ["sign-in/email", "sign-up/email", "sign-out", "revoke-sessions", "change-password", "delete-user", "token"];

/** Counts an answer of Better Auth or of /token. */
export function countAuth(path: string, status: number): void {
  const action = ACTIONS.find((known) => path.endsWith(`/${known}`)) ?? "other";
  auth.inc({ action, status });
}

/** Notes how long the backend took to begin its answer. */
export function noteForwarded(method: string, status: number, seconds: number): void {
  forwarded.observe({ method, status }, seconds);
}

/** Serves `GET /metrics` in Prometheus' text format, on a port of its own that no Service and no Ingress leads to. */
export function serveMetrics(port: number): Server {
  const server = createServer((request, response) => {
    if (request.url?.split("?")[0] !== "/metrics" || (request.method !== "GET" && request.method !== "HEAD")) {
      response.writeHead(404).end();
      return;
    }
    registry.metrics().then(
      (text) => response.writeHead(200, { "Content-Type": registry.contentType }).end(text),
      (error: unknown) => response.writeHead(500).end(String(error)),
    );
  });
  server.on("error", (error) => {
    // The app is worth more than its figures.
    console.error(JSON.stringify({ level: "error", message: "no metrics are served", error: error.message }));
  });
  // It must not keep the process from ending.
  return server.listen(port).unref();
}
