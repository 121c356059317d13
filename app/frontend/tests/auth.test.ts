import crypto from "node:crypto";
import { syncBuiltinESMExports } from "node:module";
import { getMigrations } from "better-auth/db/migration";
import { describe, expect, test, vi } from "vitest";
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

const headers = { host: "todo-app.local", origin: "http://todo-app.local" };
const from = (address: string) => ({ ...headers, "x-real-ip": address });

describe("the rate limits", () => {
  test("fifty accounts sign in at once from one address", async () => {
    await withAuth({}, async (ask) => {
      const pupils = Array.from({ length: 50 }, (_, number) => ({ ...ada, email: `pupil-${number}@example.com` }));
      for (const pupil of pupils) {
        expect((await ask("sign-up/email", { body: pupil, headers: from("192.0.2.7") })).status).toBe(200);
      }
      const answers = await Promise.all(pupils.map((body) => ask("sign-in/email", { body, headers: from("192.0.2.7") })));
      expect(answers.map(({ status }) => status)).toEqual(pupils.map(() => 200));
    });
  });

  test("of fifty tries at once on one account five are checked, and the rest are told when to come back", async () => {
    await withAuth({}, async (ask, url) => {
      await ask("sign-up/email", { body: ada, headers });
      const tries = Array.from({ length: 50 }, (_, number) => ({ email: ada.email, password: `guess number ${number}` }));
      const answers = await Promise.all(tries.map((body) => ask("sign-in/email", { body, headers: from("192.0.2.7") })));
      expect(answers.filter(({ status }) => status === 401)).toHaveLength(5);
      const refused = answers.filter(({ status }) => status === 429);
      expect(refused).toHaveLength(45);
      for (const { headers } of refused) {
        expect(Number(headers.get("retry-after"))).toBeGreaterThanOrEqual(1);
        expect(Number(headers.get("retry-after"))).toBeLessThanOrEqual(60);
      }
      // Another spelling of the address is the same account, another client's address another counter.
      const again = { email: " ADA@example.com", password: ada.password };
      expect((await ask("sign-in/email", { body: again, headers: from("192.0.2.7") })).status).toBe(429);
      expect((await ask("sign-in/email", { body: ada, headers: from("192.0.2.8") })).status).toBe(200);
      // What the proxy does not vouch for makes no difference.
      const disguised = { ...from("192.0.2.7"), "x-forwarded-for": "198.51.100.1" };
      expect((await ask("sign-in/email", { body: ada, headers: disguised })).status).toBe(429);
      // Those refused cost the class nothing, and no address of a person is kept.
      const counters = await query(url, `SELECT "key", "count" FROM "rateLimit" WHERE "key" = 'sign-in 192.0.2.7'`);
      expect(counters).toEqual([{ key: "sign-in 192.0.2.7", count: 5 }]);
      expect(JSON.stringify(await query(url, 'SELECT "key" FROM "rateLimit"'))).not.toContain("example.com");
      // A minute later all is forgotten.
      await query(url, 'UPDATE "rateLimit" SET "lastRequest" = "lastRequest" - 60000');
      expect((await ask("sign-in/email", { body: ada, headers: from("192.0.2.7") })).status).toBe(200);
    });
  });

  test("in no minute are more than five passwords of one account checked, wherever it begins", async () => {
    await withAuth({}, async (ask) => {
      await ask("sign-up/email", { body: ada, headers });
      const start = Date.now();
      const guess = async (seconds: number) => {
        vi.setSystemTime(start + seconds * 1000);
        const body = { email: ada.email, password: "not her password" };
        const answer = await ask("sign-in/email", { body, headers: from("192.0.2.7") });
        return answer.status === 429 ? `wait ${answer.headers.get("retry-after")}` : answer.status;
      };
      vi.useFakeTimers({ toFake: ["Date"] });
      try {
        for (const seconds of [0, 55, 56, 57, 58]) {
          expect(await guess(seconds)).toBe(401);
        }
        expect(await guess(61)).toBe("wait 57");
        expect(await guess(117)).toBe("wait 1"); // to be refused holds nobody up longer
        // The last one looked at the clock before the one that was counted before it.
        for (const seconds of [118, 119, 120, 122, 121]) {
          expect(await guess(seconds)).toBe(401);
        }
        expect(await guess(123)).toBe("wait 59");
        expect(await guess(110)).toBe("wait 60"); // one that is counted late, or by a pod whose clock is behind
      } finally {
        vi.useRealTimers();
      }
    });
  });

  test.each([
    ["sign-in", 300, 401],
    ["sign-up", 100, 200],
  ])("one address may ask for %s %s times a minute", async (action, max, allowed) => {
    await withAuth({}, async (ask, url) => {
      const attempt = (number: number, address: string) =>
        ask(`${action}/email`, { body: { ...ada, email: `guest-${number}@example.com` }, headers: from(address) });
      await attempt(1, "192.0.2.7");
      await query(url, `UPDATE "rateLimit" SET "count" = ${max - 1} WHERE "key" = '${action} 192.0.2.7'`);
      expect((await attempt(2, "192.0.2.7")).status).toBe(allowed);
      expect((await attempt(3, "192.0.2.7")).status).toBe(429);
      expect((await attempt(4, "192.0.2.8")).status).toBe(allowed);
    });
  });

  test("an address that has used up its tries makes no counter for one account more", async () => {
    await withAuth({}, async (ask, url) => {
      const attempt = (number: number) =>
        ask("sign-in/email", { body: { ...ada, email: `guest-${number}@example.com` }, headers: from("192.0.2.7") });
      await attempt(1);
      await query(url, `UPDATE "rateLimit" SET "count" = 300 WHERE "key" = 'sign-in 192.0.2.7'`);
      const before = await query(url, 'SELECT "key", "count" FROM "rateLimit" ORDER BY "key"');
      const refused = await attempt(2);
      expect(refused.status).toBe(429);
      expect(Number(refused.headers.get("retry-after"))).toBeGreaterThanOrEqual(1);
      expect(await query(url, 'SELECT "key", "count" FROM "rateLimit" ORDER BY "key"')).toEqual(before);
    });
  });

  test("counters of yesterday are swept away, once a minute", async () => {
    await withAuth({}, async (ask, url) => {
      const keys = async () => (await query(url, 'SELECT "key" FROM "rateLimit"')).map(({ key }) => String(key));
      await ask("sign-in/email", { body: ada, headers: from("192.0.2.7") });
      await query(url, 'UPDATE "rateLimit" SET "lastRequest" = "lastRequest" - 86400001');
      await ask("sign-in/email", { body: ada, headers: from("192.0.2.8") });
      expect(await keys()).toContain("sign-in 192.0.2.7");
      vi.useFakeTimers({ toFake: ["Date"], now: Date.now() + 60_000 });
      try {
        await ask("sign-in/email", { body: ada, headers: from("192.0.2.9") });
      } finally {
        vi.useRealTimers();
      }
      expect((await keys()).filter((key) => key.includes("192.0.2.7"))).toEqual([]);
      expect(await keys()).toContain("sign-in 192.0.2.9");
    });
  });
});

describe("the account", () => {
  const cookieOf = (response: Response) => response.headers.getSetCookie().map((line) => line.split(";")[0]).join("; ");

  test("sign-in answers a wrong password and an unknown address alike, after as much work", async () => {
    await withAuth({}, async (ask) => {
      await ask("sign-up/email", { body: ada, headers });
      const hashed = vi.spyOn(crypto, "scrypt");
      syncBuiltinESMExports(); // for those who imported it by name
      const answers = [];
      for (const email of [ada.email, "nobody@example.com"]) {
        hashed.mockClear();
        const response = await ask("sign-in/email", { body: { email, password: "a wrong guess" }, headers });
        answers.push({ status: response.status, text: await response.text(), hashed: hashed.mock.calls.length });
      }
      expect(answers[0]).toEqual({ status: 401, text: expect.stringContaining("INVALID_EMAIL_OR_PASSWORD") as string, hashed: 1 });
      expect(answers[1]).toEqual(answers[0]);
    });
  });

  test("a changed password ends the other sessions", async () => {
    await withAuth({}, async (ask) => {
      const here = cookieOf(await ask("sign-up/email", { body: ada, headers }));
      const elsewhere = cookieOf(await ask("sign-in/email", { body: ada, headers }));
      const body = { currentPassword: ada.password, newPassword: "difference engine", revokeOtherSessions: true };
      expect((await ask("change-password", { body, headers: { ...headers, cookie: here } })).status).toBe(200);
      expect((await ask("revoke-sessions", { headers: { ...headers, cookie: elsewhere } })).status).toBe(401);
      expect((await ask("sign-in/email", { body: ada, headers })).status).toBe(401);
      const renewed = { email: ada.email, password: "difference engine" };
      expect((await ask("sign-in/email", { body: renewed, headers })).status).toBe(200);
    });
  });

  test("signing out everywhere ends every session", async () => {
    await withAuth({}, async (ask, url) => {
      const here = cookieOf(await ask("sign-up/email", { body: ada, headers }));
      await ask("sign-in/email", { body: ada, headers });
      expect((await ask("revoke-sessions", { headers: { ...headers, cookie: here } })).status).toBe(200);
      expect(await query(url, 'SELECT * FROM "session"')).toEqual([]);
    });
  });

  test("it is deleted with its password alone, also right after signing in", async () => {
    await withAuth({}, async (ask, url) => {
      const own = { ...headers, cookie: cookieOf(await ask("sign-up/email", { body: ada, headers })) };
      for (const body of [{}, { password: "" }, { password: 7 }, { password: "a wrong guess" }]) {
        expect((await ask("delete-user", { body, headers: own })).status).toBe(400);
      }
      expect((await ask("delete-user", { body: { password: ada.password }, headers: own })).status).toBe(200);
      expect(await query(url, 'SELECT * FROM "user"')).toEqual([]);
      expect(await query(url, `SELECT "key" FROM "rateLimit" WHERE "key" LIKE 'password %'`)).toEqual([]);
      expect((await ask("sign-in/email", { body: ada, headers })).status).toBe(401);
    });
  });

  test("a stolen session checks five passwords a minute", async () => {
    await withAuth({}, async (ask) => {
      const own = { ...headers, cookie: cookieOf(await ask("sign-up/email", { body: ada, headers })) };
      const guesses = Array.from({ length: 10 }, (_, number) =>
        ask(number % 2 ? "verify-password" : "delete-user", { body: { password: `guess ${number}` }, headers: own }),
      );
      const statuses = (await Promise.all(guesses)).map(({ status }) => status);
      expect(statuses.filter((status) => status === 429)).toHaveLength(5);
    });
  });
});

test("a database that closes its connections does not end the process", async () => {
  await withAuth({}, async (ask, url) => {
    await ask("sign-up/email", { body: ada, headers });
    await query(url, "SELECT pg_terminate_backend(pid) FROM pg_stat_activity WHERE application_name = 'todo-frontend'");
    // One that is taken before its end was heard of fails once.
    await vi.waitFor(
      async () => {
        expect((await ask("sign-in/email", { body: ada, headers })).status).toBe(200);
      },
      { timeout: 20_000, interval: 500 },
    );
  });
});
