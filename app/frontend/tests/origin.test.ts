import { describe, expect, test } from "vitest";
import { refuseForeign } from "@/server/origin";
import { exampleEnvironment } from "./example-environment";

const LOCAL = "todo-app.local,localhost:*";

describe("a POST", () => {
  test.each([
    ["http://todo-app.local", "todo-app.local", "http", null],
    ["http://localhost:41234", "localhost:41234", "http", null],
    ["https://todo-app.local", "todo-app.local", "https", null],
    ["http://todo-app.local", "todo-app.local", "https", 403],
    ["http://elsewhere.example", "todo-app.local", "http", 403],
    ["http://todo-app.local.elsewhere.example", "todo-app.local", "http", 403],
    ["null", "todo-app.local", "http", 403],
    [null, "todo-app.local", "http", 403],
    ["http://todo-app.local:8080", "todo-app.local:8080", "http", 421],
    ["http://todo-app-local", "todo-app-local", "http", 421],
    ["http://elsewhere.example", "elsewhere.example", "http", 421],
  ])("by a page of %s to %s over %s is refused with %s", (origin, host, protocol, status) => {
    const environment = exampleEnvironment({ AUTH_ALLOWED_HOSTS: LOCAL, AUTH_PROTOCOL: protocol });
    const headers = new Headers({ host, "x-forwarded-host": "todo-app.local" });
    if (origin !== null) {
      headers.set("origin", origin);
    }
    // A Request would drop Host and Origin, which a script may not set.
    const request = { method: "POST", headers } as Request;
    expect(refuseForeign(request, environment)?.status ?? null).toBe(status);
  });
});

test("a GET needs no Origin", () => {
  const request = { method: "GET", headers: new Headers({ host: "todo-app.local" }) } as Request;
  expect(refuseForeign(request, exampleEnvironment({ AUTH_ALLOWED_HOSTS: LOCAL }))).toBeNull();
});
