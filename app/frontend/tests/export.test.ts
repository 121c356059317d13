import { afterEach, beforeEach, expect, test, vi } from "vitest";
import { PATIENCE_MS } from "@/browser/failure";

const DATA = { format: "todo-export/1", exported_at: "2026-11-24T12:00:00Z", tasks: [] };
const TEXT = JSON.stringify(DATA);

let exported: typeof import("@/browser/api").exported;

beforeEach(async () => {
  vi.useFakeTimers();
  vi.spyOn(AbortSignal, "timeout").mockImplementation((milliseconds) => {
    const limit = new AbortController();
    setTimeout(() => {
      limit.abort(new DOMException("", "TimeoutError"));
    }, milliseconds);
    return limit.signal;
  });
  // A browser completes an address by that of the page.
  vi.stubGlobal(
    "Request",
    class extends Request {
      constructor(input: string | Request, init?: RequestInit) {
        super(typeof input === "string" ? new URL(input, "http://todo-app.local") : input, init);
      }
    },
  );
  ({ exported } = await import("@/browser/api"));
});

afterEach(() => {
  vi.useRealTimers();
  vi.restoreAllMocks();
  vi.unstubAllGlobals();
});

/** Fetches the export from a server that answers by the function; its token is at hand at once. */
function exportedFrom(answer: (signal: AbortSignal) => Promise<Response>) {
  vi.stubGlobal("fetch", (request: string | Request, { signal }: { signal: AbortSignal }) =>
    request === "/token" ? Promise.resolve(Response.json({ token: "a.b.c", expires_at: 0 })) : answer(signal),
  );
  return exported();
}

test("an export that has begun may take as long as it takes", async () => {
  const data = exportedFrom((signal) => {
    const body = new ReadableStream<Uint8Array>({
      start(controller) {
        controller.enqueue(new TextEncoder().encode(TEXT.slice(0, 10)));
        signal.addEventListener("abort", () => {
          controller.error(signal.reason);
        });
        setTimeout(() => {
          if (!signal.aborted) {
            controller.enqueue(new TextEncoder().encode(TEXT.slice(10)));
            controller.close();
          }
        }, 10 * PATIENCE_MS);
      },
    });
    return Promise.resolve(new Response(body));
  });
  await Promise.all([expect(data).resolves.toEqual(DATA), vi.advanceTimersByTimeAsync(20 * PATIENCE_MS)]);
});

test("one that does not begin is given up", async () => {
  const data = exportedFrom(
    (signal) =>
      new Promise((_, reject) => {
        signal.addEventListener("abort", () => {
          reject(new Error("aborted"));
        });
      }),
  );
  await Promise.all([
    expect(data).rejects.toMatchObject({ kind: "away" }),
    vi.advanceTimersByTimeAsync(2 * PATIENCE_MS),
  ]);
});

test("one that breaks off is the connection's fault, not the page's", async () => {
  const data = exportedFrom(() => Promise.resolve(new Response(TEXT.slice(0, 10))));
  await expect(data).rejects.toMatchObject({ kind: "away", message: "The server's answer broke off." });
});
