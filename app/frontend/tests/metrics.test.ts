import { once } from "node:events";
import type { AddressInfo } from "node:net";
import { expect, onTestFinished, test } from "vitest";
import { countAuth, noteForwarded, serveMetrics } from "@/server/metrics";

test("the figures are served in Prometheus' format, and nothing else is", async () => {
  const server = serveMetrics(0);
  onTestFinished(() => {
    server.close();
  });
  await once(server, "listening");
  const url = `http://127.0.0.1:${(server.address() as AddressInfo).port}`;

  countAuth("/auth/sign-in/email", 401);
  countAuth("/auth/sign-in/email", 401);
  countAuth("/auth/any/other?x=1", 404);
  noteForwarded("GET", 200, 0.02);
  const response = await fetch(`${url}/metrics`);
  expect(response.headers.get("content-type")).toMatch(/^text\/plain; version=/);
  const lines = (await response.text()).split("\n");
  expect(lines).toContain('todo_frontend_auth_requests_total{action="sign-in/email",status="401"} 2');
  expect(lines).toContain('todo_frontend_auth_requests_total{action="other",status="404"} 1');
  expect(lines).toContain('todo_frontend_forwarded_request_duration_seconds_bucket{le="0.025",method="GET",status="200"} 1');
  expect(lines.some((line) => /^process_resident_memory_bytes \d/.test(line))).toBe(true);
  // Each line is a comment or a sample. Numbers are what Go's ParseFloat reads, "Nan" among them: the event loop's lag before it was ever sampled.
  const sample = /^[a-zA-Z_:][a-zA-Z0-9_:]*(\{[^}]*\})? ([+-]?(\d+(\.\d+)?(e[+-]?\d+)?|Inf)|nan)$/i;
  expect(lines.filter((line) => line !== "" && !line.startsWith("# ") && !sample.test(line))).toEqual([]);

  expect((await fetch(`${url}/`)).status).toBe(404);
  expect((await fetch(`${url}/metrics`, { method: "POST" })).status).toBe(404);
});
