import { expect, test, vi } from "vitest";
import { register } from "@/instrumentation";
import { EXAMPLE_SECRET } from "./example-environment";

const loaded = vi.hoisted(() => ({ times: 0 }));
vi.mock("@/server/collector", () => {
  loaded.times += 1;
  return { sendSpans: vi.fn(), sendLastSpans: vi.fn() };
});

test("nothing that sends spans is loaded unless there is a collector", async () => {
  vi.stubEnv("NEXT_RUNTIME", "nodejs");
  vi.stubEnv("DATABASE_URL", "postgresql://todo@localhost/todo");
  vi.stubEnv("BETTER_AUTH_SECRET", EXAMPLE_SECRET);
  vi.stubEnv("OTEL_EXPORTER_OTLP_ENDPOINT", "");
  await register();
  expect(loaded.times).toBe(0);
  vi.stubEnv("OTEL_EXPORTER_OTLP_ENDPOINT", "http://collector:4318");
  await register();
  expect(loaded.times).toBe(1);
  vi.unstubAllEnvs();
});
