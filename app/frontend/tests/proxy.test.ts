import { NextRequest } from "next/server";
import { afterEach, beforeEach, expect, test, vi } from "vitest";
import { proxy } from "@/proxy";
import { EXAMPLE_SECRET } from "./example-environment";

beforeEach(() => {
  vi.stubEnv("DATABASE_URL", "postgresql://todo@localhost/todo");
  vi.stubEnv("BETTER_AUTH_SECRET", EXAMPLE_SECRET);
  vi.stubEnv("AUTH_ALLOWED_HOSTS", "todo-app.local");
});

afterEach(() => {
  vi.unstubAllEnvs();
});

const ask = (host: string) => proxy(new NextRequest("http://todo-app.local/tasks", { headers: { Host: host } }));

test("no two answers have a nonce in common, and no policy lets a script in without one", () => {
  const policies = [ask("todo-app.local"), ask("todo-app.local")].map(({ headers }) => headers.get("Content-Security-Policy"));
  expect(policies[0]).toMatch(/script-src 'self' 'nonce-[A-Za-z0-9+/]{22}==' 'strict-dynamic';/);
  expect(policies[0]).not.toContain("unsafe");
  expect(policies[0]).not.toBe(policies[1]);
});

test.each([
  ["https", "same-origin"],
  ["http", null],
])("over %s the Cross-Origin-Opener-Policy is %s", (protocol, policy) => {
  vi.stubEnv("AUTH_PROTOCOL", protocol);
  expect(ask("todo-app.local").headers.get("Cross-Origin-Opener-Policy")).toBe(policy);
});

test("under another name there is no page", () => {
  expect(ask("elsewhere.example").status).toBe(421);
});
