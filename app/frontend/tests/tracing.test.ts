import { once } from "node:events";
import { createServer, type IncomingHttpHeaders, type RequestListener, type Server } from "node:http";
import type { AddressInfo } from "node:net";
import { context, propagation, ROOT_CONTEXT, SpanKind, trace } from "@opentelemetry/api";
import { getMigrations } from "better-auth/db/migration";
import { beforeEach, describe, expect, onTestFinished, test, vi } from "vitest";
import { GET } from "@/app/api/[...path]/route";
import { createAuth } from "@/server/auth";
import { sendLastSpans, sendSpans } from "@/server/collector";
import { withDatabase } from "./database";
import { EXAMPLE_SECRET, exampleEnvironment } from "./example-environment";
import { freePort } from "./postgres";

interface Span {
  traceId: string;
  spanId: string;
  parentSpanId?: string;
  name: string;
  kind: number;
  status: { code?: number };
}

const TRACE = "0af7651916cd43dd8448eb211c80319c";
const CALLER = "b7ad6b7169203331";
const OTLP_CLIENT = 3;

async function serve(listener: RequestListener): Promise<{ server: Server; url: string }> {
  const server = createServer(listener).listen(0, "127.0.0.1");
  await once(server, "listening");
  onTestFinished(() => {
    server.close();
    server.closeAllConnections();
  });
  return { server, url: `http://127.0.0.1:${(server.address() as AddressInfo).port}` };
}

/** A collector, and the text of all that it is sent. */
async function collector() {
  const sent: string[] = [];
  const paths = new Set<string>();
  const { url } = await serve((request, response) => {
    let text = "";
    paths.add(request.url ?? "");
    request.on("data", (chunk: Buffer) => (text += chunk.toString()));
    request.on("end", () => {
      sent.push(text);
      response.setHeader("Content-Type", "application/json").end("{}");
    });
  });
  const spans = () =>
    sent.flatMap((text) =>
      (JSON.parse(text) as { resourceSpans: { scopeSpans: { spans: Span[] }[] }[] }).resourceSpans.flatMap(({ scopeSpans }) =>
        scopeSpans.flatMap((scope) => scope.spans),
      ),
    );
  return { url, paths, text: () => sent.join("\n"), spans };
}

/** A backend that answers with `status`, and the headers that it was asked with. */
async function backend(status = 200) {
  const asked: IncomingHttpHeaders[] = [];
  const { url } = await serve((request, response) => {
    asked.push(request.headers);
    response.writeHead(status, { "Content-Type": "application/json" }).end("{}");
  });
  vi.stubEnv("BACKEND_URL", url);
  return asked;
}

function sendTo(url: string) {
  vi.stubEnv("OTEL_EXPORTER_OTLP_ENDPOINT", url);
  const provider = sendSpans("frontend-pod");
  onTestFinished(() => {
    provider.shutdown().catch(() => undefined);
    trace.disable();
    context.disable();
    propagation.disable();
  });
  return provider;
}

/** Does as Next does around each request: continues the caller's trace, or begins one, with a span of the server's. */
const asNext = (target: string, headers: Record<string, string>, work: () => Promise<unknown>) =>
  context.with(propagation.extract(ROOT_CONTEXT, headers), () =>
    trace
      .getTracer("next.js")
      .startActiveSpan("GET", { kind: SpanKind.SERVER, attributes: { "http.target": target } }, async (span) => {
        await work();
        span.end();
      }),
  );

const get = (path: string, headers = {}) => GET(new Request(`http://localhost:3000${path}`, { headers }));

beforeEach(() => {
  vi.stubEnv("DATABASE_URL", "postgresql://todo@localhost/todo");
  vi.stubEnv("BETTER_AUTH_SECRET", EXAMPLE_SECRET);
  return () => {
    vi.unstubAllEnvs();
  };
});

describe("a request that is sent on to the backend", () => {
  test("is a span of the caller's trace, which the backend goes on with", async () => {
    const { url, paths, text, spans } = await collector();
    const asked = await backend();
    const provider = sendTo(url);
    const headers = { traceparent: `00-${TRACE}-${CALLER}-01`, authorization: "Bearer a-secret-token", cookie: "a-secret-cookie" };
    await asNext("/api/tasks?q=private+words", headers, () => get("/api/tasks?q=private+words", headers));
    await provider.forceFlush();

    expect([...paths]).toEqual(["/v1/traces"]);
    const [next, forwarded] = ["GET", "GET backend"].map((name) => spans().find((span) => span.name === name));
    expect(next).toMatchObject({ traceId: TRACE, parentSpanId: CALLER });
    expect(forwarded).toMatchObject({ traceId: TRACE, parentSpanId: next?.spanId, kind: OTLP_CLIENT });
    expect(asked.map(({ traceparent }) => traceparent)).toEqual([`00-${TRACE}-${forwarded?.spanId ?? ""}-01`]);
    expect(text()).toContain("todo-frontend");
    expect(text()).toContain("frontend-pod");
    expect(text()).not.toMatch(/private|secret/);
  });

  test("begins a trace where the caller has none, and says when the backend fails", async () => {
    const { url, spans } = await collector();
    const asked = await backend(503);
    const provider = sendTo(url);
    await asNext("/api/tasks", {}, () => get("/api/tasks"));
    await provider.forceFlush();
    const forwarded = spans().find(({ name }) => name === "GET backend");
    expect(forwarded).toMatchObject({ traceId: String(asked[0]?.traceparent).split("-")[1], status: { code: 2 } });
  });

  test("goes on as it came where no spans are sent", async () => {
    const asked = await backend();
    const traceparent = `00-${TRACE}-${CALLER}-01`;
    expect((await get("/api/tasks", { traceparent })).status).toBe(200);
    expect((await get("/api/tasks")).status).toBe(200);
    expect(asked.map((headers) => headers.traceparent)).toEqual([traceparent, undefined]);
  });
});

test("signing up and in are spans, with nobody's address, password, cookie or token in them", async () => {
  const { url, text, spans } = await collector();
  const provider = sendTo(url);
  const person = { name: "Private Person", email: "private@example.com", password: "private password" };
  const cookies: string[] = [];
  await withDatabase(async (database) => {
    const { auth, pool } = createAuth(exampleEnvironment({ DATABASE_URL: database }));
    await (await getMigrations({ ...auth.options, database: pool })).runMigrations();
    for (const [path, body] of [
      ["sign-up/email", person],
      ["sign-up/email", person],
      ["sign-in/email", { ...person, password: "private mistake" }],
      ["sign-in/email", person],
    ] as const) {
      const headers = { "Content-Type": "application/json", host: "todo-app.local", origin: "http://todo-app.local" };
      const request = new Request(`http://0.0.0.0:3000/auth/${path}`, { method: "POST", headers, body: JSON.stringify(body) });
      await asNext(`/auth/${path}`, {}, async () => {
        const response = await auth.handler(request);
        cookies.push(...response.headers.getSetCookie().map((cookie) => cookie.split(/[=;.]/)[1] ?? ""));
      });
    }
    await pool.end();
  });
  await provider.forceFlush();
  const names = ["GET", "handler /sign-up/email", "handler /sign-in/email", "db findOne user", "db create session"];
  expect(spans().map(({ name }) => name)).toEqual(expect.arrayContaining(names));
  expect(cookies.length).toBeGreaterThan(0);
  expect(text()).not.toMatch(/private/i);
  for (const cookie of cookies) {
    expect(text()).not.toContain(decodeURIComponent(cookie));
  }
});

test("probes, the app's own files and what Next does by itself are no traces", async () => {
  const { url, spans } = await collector();
  const provider = sendTo(url);
  for (const target of ["/healthz", "/_next/static/chunks/a.js", "/icon.svg?b", "/tasks?q=c"]) {
    await asNext(target, {}, () => Promise.resolve());
  }
  trace.getTracer("next.js").startSpan("load route module").end();
  await provider.forceFlush();
  expect(spans().map(({ name }) => name)).toEqual(["GET"]);
});

test("spans that a collector does not take are lost, which the log says", async () => {
  const log = vi.spyOn(console, "error").mockImplementation(() => undefined);
  vi.stubEnv("OTEL_EXPORTER_OTLP_TIMEOUT", "200");
  const provider = sendTo(`http://127.0.0.1:${await freePort()}`);
  for (let span = 0; span < 512; span += 1) {
    provider.getTracer("next.js").startSpan("GET", { kind: SpanKind.SERVER }).end(); // so many are sent at once
  }
  await vi.waitFor(() => {
    expect(log.mock.calls.map(String)).toEqual([expect.stringMatching(/^{"level":"warning","message":"spans are lost","error":".+"}$/)]);
  }, 20_000);
  log.mockRestore();
});

describe("the end of the process", () => {
  /** Ends the process as Next does, but for the end itself. @returns the exit code, once there is one */
  function end(provider: ReturnType<typeof sendSpans>): Promise<unknown> {
    return new Promise((resolve) => {
      const exit = vi.spyOn(process, "exit").mockImplementation(resolve as unknown as typeof process.exit);
      onTestFinished(() => {
        exit.mockRestore();
      });
      sendLastSpans(provider);
      process.emit("SIGTERM");
      process.exit(143);
    });
  }

  test("comes when the last spans are sent", async () => {
    const { url, spans } = await collector();
    const provider = sendTo(url);
    await asNext("/tasks", {}, () => Promise.resolve());
    expect(spans()).toEqual([]);
    expect(await end(provider)).toBe(143);
    expect(spans().map(({ name }) => name)).toEqual(["GET"]);
  });

  test.each([
    ["is away", async () => `http://127.0.0.1:${await freePort()}`],
    ["never answers", async () => (await serve(() => undefined)).url],
  ])("is not held up by a collector that %s, and neither is a request", async (_, address) => {
    const asked = await backend();
    const provider = sendTo(await address());
    await asNext("/api/tasks", {}, async () => {
      expect((await get("/api/tasks")).status).toBe(200);
    });
    expect(asked).toHaveLength(1);
    expect(await end(provider)).toBe(143);
  });
});
