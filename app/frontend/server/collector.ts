import { setTimeout as sleep } from "node:timers/promises";
import { type Attributes, context, propagation, SpanKind, trace } from "@opentelemetry/api";
import { AsyncLocalStorageContextManager } from "@opentelemetry/context-async-hooks";
import { setGlobalErrorHandler, W3CTraceContextPropagator } from "@opentelemetry/core";
import { OTLPTraceExporter } from "@opentelemetry/exporter-trace-otlp-http";
import { defaultResource, detectResources, envDetector, resourceFromAttributes } from "@opentelemetry/resources";
import {
  BatchSpanProcessor,
  ParentBasedSampler,
  type Sampler,
  SamplingDecision,
  type SpanProcessor,
  TracerProvider,
} from "@opentelemetry/sdk-trace";

/** How long the end of the process waits for the last spans to be taken: a collector that is away must not hold it up. */
const LAST_SPANS_MS = 3_000;

/** Probes and the app's own files, among which nobody looks for anything. */
const UNTRACED = /^\/(healthz$|_next\/|icon\.svg$)/;

/** The path of the request that Next begins a span for, without its query. */
const pathOf = (attributes: Attributes) => String(attributes["http.target"] ?? "").split("?", 1)[0] ?? "";

/** Begins a trace with a request, not with what Next does by itself when it starts. */
const requests: Sampler = {
  shouldSample: (_context, _traceId, _name, kind, attributes) => ({
    decision:
      kind === SpanKind.SERVER && !UNTRACED.test(pathOf(attributes))
        ? SamplingDecision.RECORD_AND_SAMPLED
        : SamplingDecision.NOT_RECORD,
  }),
};

/** Takes the query out of Next's spans: what a user searches for stays here. */
const withoutQuery: SpanProcessor = {
  onStart: (span) => {
    if ("http.target" in span.attributes) {
      span.setAttribute("http.target", pathOf(span.attributes));
    }
  },
  onEnd: () => undefined,
  forceFlush: () => Promise.resolve(),
  shutdown: () => Promise.resolve(),
};

/**
 * Makes spans of what Next, Better Auth and server/tracing.ts tell of, and sends them to the collector that
 * OTEL_EXPORTER_OTLP_ENDPOINT names, each few seconds. What it does not take is lost, and the log says so.
 */
export function sendSpans(podName: string): TracerProvider {
  setGlobalErrorHandler((error) => {
    const why = typeof error === "string" ? error : (error.message ?? error.name);
    console.error(JSON.stringify({ level: "warning", message: "spans are lost", error: why }));
  });
  const provider = new TracerProvider({
    resource: defaultResource()
      .merge(resourceFromAttributes({ "service.name": "todo-frontend", "service.instance.id": podName }))
      .merge(detectResources({ detectors: [envDetector] })),
    sampler: new ParentBasedSampler({ root: requests }),
    spanProcessors: [withoutQuery, new BatchSpanProcessor({ exporter: new OTLPTraceExporter() })],
  });
  context.setGlobalContextManager(new AsyncLocalStorageContextManager().enable());
  propagation.setGlobalPropagator(new W3CTraceContextPropagator());
  trace.setGlobalTracerProvider(provider);
  return provider;
}

/** Has the process end only when the spans of its last answers are sent: Next ends it as soon as those are. */
export function sendLastSpans(provider: TracerProvider): void {
  process.once("SIGTERM", () => {
    const exit = process.exit.bind(process);
    process.exit = ((code) => {
      void Promise.race([provider.shutdown().catch(() => undefined), sleep(LAST_SPANS_MS)]).then(() => exit(code));
    }) as typeof process.exit;
  });
}
