import { type ClientRequest, type IncomingMessage, request as httpRequest } from "node:http";
import { request as httpsRequest } from "node:https";
import { pipeline } from "node:stream/promises";
import type { ReadableStream as NodeReadableStream } from "node:stream/web";
import { problem } from "./problem";
import { responseBody } from "./response-body";
import { carryTrace } from "./tracing";

/** Bounds of one forwarded request; a response's body has none: how long a stream may take is the backend's to say. */
export interface ProxyLimits {
  /** Bytes of a request's body. */
  bodyBytes: number;
  /** Milliseconds until a connection to the backend stands. */
  connectMs: number;
  /** Milliseconds until the backend's response begins. */
  responseMs: number;
}

const LIMITS: ProxyLimits = { bodyBytes: 1024 * 1024, connectMs: 3_000, responseMs: 30_000 };

/** What the backend needs to know. Cookies stay here: they sign in to Better Auth, and the token is for the API. */
const FORWARDED_REQUEST_HEADERS = [
  "accept",
  "accept-language",
  "authorization",
  "content-encoding",
  "content-length",
  "content-type",
  "conversation-id",
  "idempotency-key",
  "if-match",
  "if-none-match",
  "last-event-id",
  "message-id",
  "traceparent",
  "tracestate",
  "user-agent",
  "x-forwarded-for",
  "x-forwarded-host",
  "x-forwarded-proto",
  "x-request-id",
];

/** Headers that belong to one connection (RFC 9110, 7.6.1), and those that this server sets itself. */
const WITHHELD_RESPONSE_HEADERS = [
  "connection",
  "keep-alive",
  "proxy-authenticate",
  "proxy-connection",
  "te",
  "trailer",
  "transfer-encoding",
  "upgrade",
  "date",
  "server",
  "set-cookie",
];

/** Why a request found no response; the message is for the log, `response` for the browser. */
class ForwardingError extends Error {
  constructor(
    message: string,
    readonly response: Response,
  ) {
    super(message);
  }
}

const bodyTooLarge = (limit: number) =>
  new ForwardingError("request body too large", problem(413, `A request's body may have ${limit} bytes at most.`));

const unavailable = (why: string) =>
  new ForwardingError(why, problem(503, "The API is not available at the moment.", { "Retry-After": "1" }));

const tooSlow = () => new ForwardingError("no response in time", problem(504, "The API took too long to answer."));

/**
 * Sends an `/api/…` request on to the backend and returns its response, both streamed. What fails on the way becomes
 * a problem document: 413 for too large a body, 503 for a backend that cannot be reached, 504 for one that is silent.
 */
export async function forwardToBackend(request: Request, backend: URL, limits = LIMITS): Promise<Response> {
  const { pathname, search } = new URL(request.url);
  if (!pathname.startsWith("/api/")) {
    // A path such as /api/%2e%2e/health is only told apart once it is parsed.
    return problem(404, "There is nothing here.");
  }
  if (Number(request.headers.get("content-length")) > limits.bodyBytes) {
    return bodyTooLarge(limits.bodyBytes).response;
  }

  // No connection is kept: a Service balances connections, not requests, and none is stale after a rollout.
  const upstream = (backend.protocol === "https:" ? httpsRequest : httpRequest)(backend, {
    agent: false,
    method: request.method,
    path: pathname + search,
    headers: requestHeaders(request.headers),
    signal: request.signal,
  });
  const answered = responseOf(upstream, limits);
  send(request, upstream, limits.bodyBytes);

  try {
    return toResponse(await answered, request.method, backend);
  } catch (error) {
    if (request.signal.aborted) {
      return new Response(null, { status: 499 }); // nobody is left to read it
    }
    const failure = error instanceof ForwardingError ? error : unavailable(errorCode(error));
    if (failure.response.status >= 500) {
      const { status } = failure.response;
      const requestId = request.headers.get("x-request-id");
      console.error(
        JSON.stringify({ level: "error", message: "backend request failed", why: failure.message, status, request_id: requestId }),
      );
    }
    return failure.response;
  }
}

function requestHeaders(received: Headers): Record<string, string> {
  const headers: Record<string, string> = {};
  for (const name of FORWARDED_REQUEST_HEADERS) {
    const value = received.get(name);
    if (value !== null) {
      headers[name] = value;
    }
  }
  carryTrace(headers);
  return headers;
}

/** Streams the request's body, counting: its Content-Length may be missing. Failures surface as `upstream`'s. */
function send(request: Request, upstream: ClientRequest, limit: number): void {
  if (request.body === null) {
    upstream.end();
    return;
  }
  let sent = 0;
  const counted = async function* (chunks: AsyncIterable<Uint8Array>) {
    for await (const chunk of chunks) {
      sent += chunk.byteLength;
      if (sent > limit) {
        // pipeline() would end the connection as well, but without the reason.
        upstream.destroy(bodyTooLarge(limit));
        return;
      }
      yield chunk;
    }
  };
  pipeline(request.body as NodeReadableStream<Uint8Array>, counted, upstream).catch((error: unknown) => {
    upstream.destroy(error as Error);
  });
}

function responseOf(upstream: ClientRequest, limits: ProxyLimits): Promise<IncomingMessage> {
  return new Promise((resolve, reject) => {
    const responseTimer = setTimeout(() => upstream.destroy(tooSlow()), limits.responseMs);
    let connectTimer: NodeJS.Timeout | undefined;
    upstream.once("socket", (socket) => {
      connectTimer = setTimeout(() => upstream.destroy(unavailable("connect timed out")), limits.connectMs);
      socket.once("connect", () => {
        clearTimeout(connectTimer);
      });
    });
    upstream.once("response", (response) => {
      clearTimeout(responseTimer);
      resolve(response);
    });
    // Stays on after the response: an error without a listener would end the process.
    upstream.on("error", (error) => {
      clearTimeout(connectTimer);
      clearTimeout(responseTimer);
      reject(error);
    });
  });
}

function toResponse(answer: IncomingMessage, method: string, backend: URL): Response {
  const status = answer.statusCode ?? 502;
  const headers = new Headers();
  const named = (answer.headers.connection ?? "").split(",").map((name) => name.trim().toLowerCase());
  const withheld = new Set([...WITHHELD_RESPONSE_HEADERS, ...named]);
  for (const [name, value] of Object.entries(answer.headers)) {
    if (value !== undefined && !withheld.has(name)) {
      headers.set(name, Array.isArray(value) ? value.join(", ") : value);
    }
  }

  const location = headers.get("location");
  if (location !== null) {
    const target = new URL(location, backend);
    if (target.origin !== backend.origin) {
      answer.destroy();
      return problem(502, "The API answered with a redirect to another place.");
    }
    headers.set("location", target.pathname + target.search + target.hash);
  }

  if (method === "HEAD" || status === 204 || status === 304) {
    answer.resume();
    return new Response(null, { status, headers });
  }
  return new Response(responseBody(answer), { status, headers });
}

const errorCode = (error: unknown) =>
  error instanceof Error ? ((error as NodeJS.ErrnoException).code ?? error.name) : "unknown";
