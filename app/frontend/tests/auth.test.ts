import { getMigrations } from "better-auth/db/migration";
import { describe, expect, test } from "vitest";
import { createAuth } from "@/server/auth";
import { query, withDatabase } from "./database";
import { exampleEnvironment } from "./example-environment";

const ada = { name: "Ada", email: "ada@example.com", password: "engine number nine" };

/** Runs `work` with Better Auth on a database that has its tables. */
async function withAuth(
  variables: Record<string, string>,
  work: (ask: (path: string, init: { body?: object; headers?: Record<string, string> }) => Promise<Response>, url: string) => Promise<void>,
) {
  await withDatabase(async (url) => {
    const { auth, pool } = createAuth(exampleEnvironment({ ...variables, DATABASE_URL: url }));
    try {
      const { runMigrations } = await getMigrations({ ...auth.options, database: pool });
      await runMigrations();
      await work(
        (path, { body, headers }) =>
          auth.handler(
            new Request(`http://0.0.0.0:3000/auth/${path}`, {
              method: "POST",
              headers: { "Content-Type": "application/json", ...headers },
              body: JSON.stringify(body ?? {}),
            }),
          ),
        url,
      );
    } finally {
      await pool.end();
    }
  });
}

describe("cookies", () => {
  test.each([
    ["http", "http://todo-app.local", false],
    ["https", "https://todo-app.local", true],
  ])("over %s at %s they are Secure: %s", async (protocol, origin, isSecure) => {
    await withAuth({ AUTH_PROTOCOL: protocol }, async (ask) => {
      const response = await ask("sign-up/email", { body: ada, headers: { host: "todo-app.local", origin } });
      expect(response.status).toBe(200);
      const cookies = response.headers.getSetCookie();
      expect(cookies).toHaveLength(1);
      expect(/;\s*Secure/i.test(cookies[0] ?? "")).toBe(isSecure);
      expect(cookies[0]).toMatch(/;\s*HttpOnly/i);
      expect(cookies[0]).toMatch(/;\s*SameSite=Lax/i);
    });
  });
});

describe("the rate limit", () => {
  const headers = { host: "todo-app.local", origin: "http://todo-app.local" };
  const guess = { email: "ada@example.com", password: "a wrong guess" };

  test("lets a class of forty behind one address sign in at once", async () => {
    await withAuth({}, async (ask) => {
      const own = { ...headers, "x-real-ip": "192.0.2.7" };
      // An empty form counts like any other, and costs no password hash.
      const answers = await Promise.all(Array.from({ length: 40 }, () => ask("sign-in/email", { headers: own })));
      expect(new Set(answers.map((answer) => answer.status))).toEqual(new Set([400]));
    });
  });

  test("stops one address that guesses, and no other; the counters are in Postgres", async () => {
    await withAuth({}, async (ask, url) => {
      const from = (address: string) => ask("sign-in/email", { body: guess, headers: { ...headers, "x-real-ip": address } });
      await from("192.0.2.7");
      await query(url, `UPDATE "rateLimit" SET "count" = 100`); // as if a minute had been busy
      expect((await from("192.0.2.7")).status).toBe(429);
      expect((await from("192.0.2.8")).status).toBe(401);
      // The header that is not vouched for makes no difference.
      const disguised = await ask("sign-in/email", {
        body: guess,
        headers: { ...headers, "x-real-ip": "192.0.2.7", "x-forwarded-for": "198.51.100.1" },
      });
      expect(disguised.status).toBe(429);
    });
  });
});

test("a database that closes its connections does not end the process", async () => {
  await withAuth({}, async (ask, url) => {
    const headers = { host: "todo-app.local", origin: "http://todo-app.local" };
    await ask("sign-up/email", { body: ada, headers });
    await query(url, "SELECT pg_terminate_backend(pid) FROM pg_stat_activity WHERE application_name = 'todo-frontend'");
    await new Promise((resolve) => setTimeout(resolve, 100));
    expect((await ask("sign-in/email", { body: ada, headers })).status).toBe(200);
  });
});
