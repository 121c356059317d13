import { describe, expect, test } from "vitest";
import { EnvironmentError, readEnvironment } from "@/server/environment";

const fit = { DATABASE_URL: "postgresql://todo@localhost/todo", BETTER_AUTH_SECRET: "s".repeat(32) };

describe("an environment that does not fit is refused in one line that names the variable", () => {
  test.each([
    [{ DATABASE_URL: undefined }, "DATABASE_URL is missing"],
    [{ DATABASE_URL: "mysql://localhost/todo" }, "DATABASE_URL must begin with postgresql://"],
    [{ DATABASE_URL: "postgresql://todo:a/b@host/todo" }, "DATABASE_URL is no URL (is its password percent-encoded?)"],
    [{ BETTER_AUTH_SECRET: undefined }, "BETTER_AUTH_SECRET is missing"],
    [{ BETTER_AUTH_SECRET: "s".repeat(31) }, "BETTER_AUTH_SECRET must have at least 32 characters"],
    [{ DATABASE_POOL_SIZE: "0" }, "DATABASE_POOL_SIZE must be a whole number above 0"],
    [{ DATABASE_POOL_SIZE: "many" }, "DATABASE_POOL_SIZE must be a whole number above 0"],
    [{ AUTH_PROTOCOL: "ftp" }, "AUTH_PROTOCOL must be http or https"],
    [{ AUTH_ALLOWED_HOSTS: " , " }, "AUTH_ALLOWED_HOSTS names no host"],
    [{ BACKEND_URL: "todo-backend:8000" }, "BACKEND_URL must be an http or https URL"],
    [{ OTEL_EXPORTER_OTLP_ENDPOINT: "collector:4318" }, "OTEL_EXPORTER_OTLP_ENDPOINT must be an http or https URL"],
    [
      { DATABASE_URL: "", BETTER_AUTH_SECRET: "short" },
      "DATABASE_URL is missing; BETTER_AUTH_SECRET must have at least 32 characters",
    ],
  ])("%j", (change, message) => {
    expect(() => readEnvironment({ ...fit, ...change })).toThrow(new EnvironmentError(message));
  });
});

test("hosts are separated by commas, and the secret is taken as it is", () => {
  const secret = ` ${"s".repeat(40)}\n`;
  const environment = readEnvironment({
    ...fit,
    BETTER_AUTH_SECRET: secret,
    AUTH_ALLOWED_HOSTS: "todo-app.local, localhost:*",
    AUTH_IP_HEADER: "X-Real-IP",
  });
  expect(environment.allowedHosts).toEqual(["todo-app.local", "localhost:*"]);
  expect(environment.authSecret).toBe(secret);
  expect(environment.ipHeader).toBe("x-real-ip");
});
