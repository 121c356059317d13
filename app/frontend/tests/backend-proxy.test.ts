import { createServer, type IncomingMessage, type RequestListener } from "node:http";
import type { AddressInfo } from "node:net";
import { ReadableStream } from "node:stream/web";
import { describe, expect, onTestFinished, test } from "vitest";
import { forwardToBackend } from "@/server/backend-proxy";
import { freePort } from "./postgres";

const LIMITS = { bodyBytes: 1000, connectMs: 10_000, responseMs: 10_000 };
const IMPATIENT = { ...LIMITS, responseMs: 4_000 };

/** A backend that answers with `listener` until the test ends. */
async function backendWith(listener: RequestListener): Promise<URL> {
  const server = createServer(listener);
  await new Promise<void>((resolve) => server.listen(0, "127.0.0.1", resolve));
  onTestFinished(() => {
    server.close();
    server.closeAllConnections();
  });
  return new URL(`http://127.0.0.1:${(server.address() as AddressInfo).port}`);
}

/** A backend whose stream has a first event at once, and its second and last one when `more` has come. */
const backendThatStreams = (more: Promise<unknown>) =>
  backendWith((_, response) => {
    response.writeHead(200, { "Content-Type": "text/event-stream" });
    response.write("data: 1\n\n");
    void more.then(() => response.end("data: 2\n\n"));
  });

const ask = (path: string, init: RequestInit = {}) => new Request(`http://todo-app.local${path}`, init);

/** Something that is awaited in one place and comes in another. */
function signal<T>() {
  let come: (value: T) => void = () => undefined;
  const came = new Promise<T>((resolve) => {
    come = resolve;
  });
  return { come, came };
}

/** A body that is sent without Content-Length, as `parts` come. */
const streamed = (parts: AsyncIterable<Uint8Array> | Iterable<Uint8Array>) =>
  ({ method: "POST", body: ReadableStream.from(parts), duplex: "half" }) as unknown as RequestInit;

async function read(message: IncomingMessage): Promise<string> {
  let text = "";
  for await (const chunk of message) {
    text += String(chunk);
  }
  return text;
}

async function expectProblem(response: Response, status: number) {
  expect(response.status).toBe(status);
  expect(response.headers.get("content-type")).toBe("application/problem+json");
  const text = await response.text();
  expect(JSON.parse(text)).toMatchObject({ type: "about:blank", status });
  expect(text).not.toMatch(/127\.0\.0\.1|localhost|:\d{4}|invalid|ECONN|ENOTFOUND/);
}

describe("paths", () => {
  test.each([
    "/api/tasks?limit=50&cursor=a%2Bb%3D%3D&&x",
    "/api/tasks/%2Fetc%2Fpasswd",
    "/api/tasks/%252e%252e",
    "/api//tasks/",
    "/api/tasks/a%20b;c=d",
  ])("%s reaches the backend as it is", async (path) => {
    const backend = await backendWith((request, response) => response.end(request.url));
    const response = await forwardToBackend(ask(path), backend, LIMITS);
    expect(await response.text()).toBe(path);
  });

  test.each(["/api/%2e%2e/health", "/api/../health", "/api", "/health"])("%s stays here", async (path) => {
    const backend = await backendWith((_, response) => response.end("reached"));
    await expectProblem(await forwardToBackend(ask(path), backend, LIMITS), 404);
  });
});

describe("headers", () => {
  test("the backend gets what it needs, and no cookie", async () => {
    const backend = await backendWith((request, response) => response.end(JSON.stringify(request.headers)));
    const wanted = {
      authorization: "Bearer t",
      "content-type": "application/json",
      "x-request-id": "r-1",
      "x-forwarded-for": "192.0.2.7",
      "x-forwarded-host": "todo-app.local",
      "x-forwarded-proto": "http",
    };
    const headers = { ...wanted, cookie: "better-auth.session_token=s", "x-secret": "s", te: "trailers" };
    const response = await forwardToBackend(ask("/api/tasks", { headers }), backend, LIMITS);
    expect(await response.json()).toEqual({ ...wanted, host: backend.host, connection: "close" });
  });

  test("the browser gets the answer's, without those of the connection to the backend", async () => {
    const backend = await backendWith((_, response) => {
      response.writeHead(201, {
        Connection: "close, X-Hop",
        "X-Hop": "1",
        Server: "uvicorn",
        "Set-Cookie": "a=b",
        "Content-Type": "application/json",
        "X-Request-ID": "r-1",
        "WWW-Authenticate": "Bearer",
      });
      response.end("{}");
    });
    const response = await forwardToBackend(ask("/api/tasks"), backend, LIMITS);
    expect(response.status).toBe(201);
    expect(Object.fromEntries(response.headers)).toEqual({
      "content-type": "application/json",
      "www-authenticate": "Bearer",
      "x-request-id": "r-1",
    });
  });

  test.each([
    ["/api/tasks/", 307, "/api/tasks/"],
    ["BACKEND/api/tasks?x=1", 307, "/api/tasks?x=1"],
  ])("a redirect to %s is left to the browser", async (location, status, expected) => {
    const backend = await backendWith((_, response) => {
      response.writeHead(307, { Location: location.replace("BACKEND", backend.origin) }).end();
    });
    const response = await forwardToBackend(ask("/api/tasks"), backend, LIMITS);
    expect(response.status).toBe(status);
    expect(response.headers.get("location")).toBe(expected);
  });

  test("a redirect to another place is not passed on", async () => {
    const backend = await backendWith((_, response) => {
      response.writeHead(307, { Location: "http://elsewhere.invalid/" }).end();
    });
    await expectProblem(await forwardToBackend(ask("/api/tasks"), backend, LIMITS), 502);
  });
});

describe("bodies", () => {
  test("a request's is streamed as it comes", async () => {
    const firstSeen = signal<string>();
    const backend = await backendWith((request, response) => {
      request.once("data", (chunk: Buffer) => {
        firstSeen.come(chunk.toString());
        void read(request).then((rest) => response.end(rest));
      });
    });
    const parts = async function* () {
      yield Buffer.from("first");
      // Without streaming, nothing would ever be seen.
      expect(await firstSeen.came).toBe("first");
      yield Buffer.from("second");
    };
    const response = await forwardToBackend(ask("/api/tasks", streamed(parts())), backend, LIMITS);
    expect(await response.text()).toBe("second");
  });

  test("a response's is streamed as it comes", async () => {
    const firstRead = signal<undefined>();
    const backend = await backendThatStreams(firstRead.came);
    const response = await forwardToBackend(ask("/api/stream"), backend, LIMITS);
    const reader = response.body?.pipeThrough(new TextDecoderStream()).getReader();
    expect(await reader?.read()).toEqual({ done: false, value: "data: 1\n\n" });
    firstRead.come(undefined);
    expect(await reader?.read()).toEqual({ done: false, value: "data: 2\n\n" });
    expect((await reader?.read())?.done).toBe(true);
  });

  test("a response's stream is heard to its end by a pod that is to go", async () => {
    const ended = signal<undefined>();
    const backend = await backendThatStreams(ended.came);
    const response = await forwardToBackend(ask("/api/stream"), backend, LIMITS);
    process.emit("SIGTERM");
    ended.come(undefined);
    expect(await response.text()).toBe("data: 1\n\ndata: 2\n\n");
  });

  test("a response may go on for longer than it may take to begin", async () => {
    const backend = await backendWith((_, response) => {
      response.write("a");
      setTimeout(() => response.end("b"), 2 * IMPATIENT.responseMs);
    });
    expect(await (await forwardToBackend(ask("/api/slow"), backend, IMPATIENT)).text()).toBe("ab");
  });

  test("a large response arrives whole", async () => {
    const megabyte = Buffer.alloc(1024 * 1024, "x");
    const backend = await backendWith((_, response) => {
      for (let written = 0; written < 20; written += 1) {
        response.write(megabyte);
      }
      response.end();
    });
    const body = await (await forwardToBackend(ask("/api/large"), backend, LIMITS)).arrayBuffer();
    expect(body.byteLength).toBe(20 * megabyte.length);
  });

  test("one of exactly the limit passes", async () => {
    const backend = await backendWith((request, response) => void read(request).then((text) => response.end(`${text.length}`)));
    const response = await forwardToBackend(ask("/api/tasks", streamed([Buffer.alloc(LIMITS.bodyBytes)])), backend, LIMITS);
    expect(await response.text()).toBe(`${LIMITS.bodyBytes}`);
  });

  test("one that declares more than the limit is refused unread", async () => {
    const backend = await backendWith((_, response) => response.end("reached"));
    const init = { method: "POST", body: "", headers: { "Content-Length": `${LIMITS.bodyBytes + 1}` } };
    await expectProblem(await forwardToBackend(ask("/api/tasks", init), backend, LIMITS), 413);
  });

  test("one that turns out larger than the limit is cut off, also from the backend", async () => {
    const reached = signal<undefined>();
    const whole = signal<boolean>();
    const backend = await backendWith((request) => {
      reached.come(undefined);
      request.resume().on("close", () => {
        whole.come(request.complete);
      });
    });
    const endless = async function* () {
      for (;;) {
        yield Buffer.alloc(600);
        await reached.came;
      }
    };
    await expectProblem(await forwardToBackend(ask("/api/tasks", streamed(endless())), backend, LIMITS), 413);
    expect(await whole.came).toBe(false);
  });

  test.each([["HEAD", 200], ["GET", 204], ["GET", 304]])("an answer to %s with %i has none", async (method, status) => {
    const backend = await backendWith((_, response) => response.writeHead(status, { ETag: '"1"' }).end());
    const response = await forwardToBackend(ask("/api/tasks", { method }), backend, LIMITS);
    expect(response.status).toBe(status);
    expect(response.body).toBeNull();
    expect(response.headers.get("etag")).toBe('"1"');
  });
});

describe("a backend in trouble", () => {
  test("that does not listen is a 503", async () => {
    const backend = new URL(`http://127.0.0.1:${await freePort()}`);
    const response = await forwardToBackend(ask("/api/tasks"), backend, LIMITS);
    expect(response.headers.get("retry-after")).toBe("1");
    await expectProblem(response, 503);
  });

  test("whose name nobody knows is a 503", async () => {
    await expectProblem(await forwardToBackend(ask("/api/tasks"), new URL("http://todo-backend.invalid:8000"), LIMITS), 503);
  });

  test("that hangs up without an answer is a 503", async () => {
    const backend = await backendWith((request) => request.socket.destroy());
    await expectProblem(await forwardToBackend(ask("/api/tasks"), backend, LIMITS), 503);
  });

  test("that says nothing is a 504, and hears that nobody waits any more", async () => {
    const left = signal<undefined>();
    const backend = await backendWith((request) => {
      request.socket.on("close", () => {
        left.come(undefined);
      });
    });
    await expectProblem(await forwardToBackend(ask("/api/tasks"), backend, IMPATIENT), 504);
    await left.came;
  });

  test("that breaks off in the middle breaks off the browser's response too", async () => {
    const backend = await backendWith((request, response) => {
      response.writeHead(200, { "Content-Length": "10" });
      response.write("half", () => request.socket.destroy());
    });
    const response = await forwardToBackend(ask("/api/tasks"), backend, LIMITS);
    await expect(response.text()).rejects.toThrow();
  });
});

describe("a browser that goes away", () => {
  test("before the answer takes its request to the backend with it", async () => {
    const controller = new AbortController();
    const left = signal<undefined>();
    const backend = await backendWith((request) => {
      request.socket.on("close", () => {
        left.come(undefined);
      });
      controller.abort();
    });
    await forwardToBackend(ask("/api/tasks", { signal: controller.signal }), backend, LIMITS);
    await left.came;
  });

  test("in the middle of a stream ends the backend's stream", async () => {
    const left = signal<undefined>();
    const backend = await backendWith((request, response) => {
      request.socket.on("close", () => {
        left.come(undefined);
      });
      response.write("data: 1\n\n");
    });
    const response = await forwardToBackend(ask("/api/stream"), backend, LIMITS);
    const reader = response.body?.getReader();
    await reader?.read();
    await reader?.cancel();
    await left.came;
  });
});
