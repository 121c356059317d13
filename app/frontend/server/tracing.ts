import { context, propagation, SpanKind, SpanStatusCode, trace } from "@opentelemetry/api";

/**
 * Runs `work`, which asks the backend what `request` asks for, as a span. Without a collector it only runs: this API does
 * nothing until server/collector.ts is there.
 */
export async function asForwarded(request: Request, work: () => Promise<Response>): Promise<Response> {
  const attributes = {
    "http.request.method": request.method,
    "url.path": new URL(request.url).pathname, // not the query, which has what a user searches for
  };
  const tracer = trace.getTracer("todo-frontend");
  return tracer.startActiveSpan(`${request.method} backend`, { kind: SpanKind.CLIENT, attributes }, async (span) => {
    try {
      const response = await work();
      span.setAttribute("http.response.status_code", response.status);
      if (response.status >= 500) {
        span.setStatus({ code: SpanStatusCode.ERROR });
      }
      return response;
    } catch (error) {
      span.setStatus({ code: SpanStatusCode.ERROR });
      throw error;
    } finally {
      span.end();
    }
  });
}

/** Has a request that is sent on carry the span that it is part of, where there is one. */
export function carryTrace(headers: Record<string, string>): void {
  propagation.inject(context.active(), headers);
}
