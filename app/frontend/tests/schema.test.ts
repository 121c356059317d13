import { execFileSync, spawn } from "node:child_process";
import path from "node:path";
import { getSchema } from "better-auth/db";
import { getMigrations } from "better-auth/db/migration";
import pg from "pg";
import { describe, expect, onTestFinished, test } from "vitest";
import { authOptions } from "@/server/auth-options";
import { query, withDatabase } from "./database";
import { exampleEnvironment } from "./example-environment";
import { freePort } from "./postgres";

const FRONTEND = path.join(import.meta.dirname, "..");
const BACKEND = path.join(FRONTEND, "../backend");

test("auth-schema.json lists the tables and columns of Better Auth (after a change: npx vitest run -u)", async () => {
  const tables = Object.entries(getSchema(authOptions(exampleEnvironment()))).map(([table, { fields }]) => [
    table,
    ["id", ...Object.keys(fields)].sort(),
  ]);
  expect(tables).not.toEqual([]);
  await expect(`${JSON.stringify(Object.fromEntries(tables), null, 2)}\n`).toMatchFileSnapshot("../auth-schema.json");
});

/** What Better Auth would still change in the database. */
async function remainingMigrations(databaseUrl: string) {
  const pool = new pg.Pool({ connectionString: databaseUrl });
  try {
    return await getMigrations({ ...authOptions(exampleEnvironment()), database: pool });
  } finally {
    await pool.end();
  }
}

/** A Python that can import the backend, or why there is none. */
function backendPython(): { python: string } | { reason: string } {
  const given = process.env.TODO_BACKEND_PYTHON;
  const candidates = given ? [given] : [`${BACKEND}/.venv/bin/python`, `${BACKEND}/../../.venv/bin/python`, "python3"];
  for (const python of candidates) {
    try {
      execFileSync(python, ["-c", "import todo_backend.migrate"], { cwd: BACKEND, stdio: "ignore" });
      return { python };
    } catch {
      // the next one, then
    }
  }
  return { reason: `no Python that can import todo_backend (tried ${candidates.join(", ")}); name one in TODO_BACKEND_PYTHON` };
}

test("after the backend's migrations Better Auth finds nothing left to migrate", async ({ skip }) => {
  const found = backendPython();
  if ("reason" in found) {
    if (process.env.TODOCTL_TESTS_REQUIRE_ALL === "1") {
      throw new Error(found.reason);
    }
    skip(found.reason);
    return;
  }
  await withDatabase(async (url) => {
    const before = await remainingMigrations(url);
    expect(before.toBeCreated.map(({ table }) => table)).toContain("user"); // the question can be answered with yes

    execFileSync(found.python, ["-m", "todo_backend.migrate"], {
      cwd: BACKEND,
      env: { ...process.env, DATABASE_URL: url },
      stdio: "pipe",
    });
    const after = await remainingMigrations(url);
    expect(after.toBeCreated).toEqual([]);
    expect(after.toBeAdded).toEqual([]);
    expect(after.toBeAddedIndexes).toEqual([]);
    expect(after.unsafeChanges).toEqual([]);
    expect(after.schemaProblems).toEqual([]);
    expect(await waitForSchema({ DATABASE_URL: url, WAIT_FOR_SCHEMA_SECONDS: "50" }).ended).toMatchObject({ code: 0 });
  });
});

/** Runs wait-for-schema.mjs; `ended` tells its exit code and all that it printed. */
function waitForSchema(variables: Record<string, string>) {
  const child = spawn(process.execPath, ["wait-for-schema.mjs"], {
    cwd: FRONTEND,
    env: { NODE_ENV: "test", ...variables },
  });
  onTestFinished(() => {
    child.kill();
  });
  let output = "";
  const heard: (() => void)[] = [];
  const listen = (chunk: Buffer) => {
    output += chunk.toString();
    heard.forEach((check) => {
      check();
    });
  };
  child.stdout.on("data", listen);
  child.stderr.on("data", listen);
  const ended = new Promise<{ code: number | null; output: string }>((resolve) => {
    child.once("close", (code) => {
      resolve({ code, output });
    });
  });
  const says = (text: string) =>
    new Promise<void>((resolve, reject) => {
      const check = () => {
        if (output.includes(text)) {
          resolve();
        }
      };
      heard.push(check);
      check();
      void ended.then(() => {
        reject(new Error(`ended without saying “${text}”: ${output}`));
      });
    });
  return { says, ended };
}

describe("wait-for-schema", () => {
  test("waits until the last column is there", async () => {
    await withDatabase(async (url) => {
      const pool = new pg.Pool({ connectionString: url });
      const { runMigrations } = await getMigrations({ ...authOptions(exampleEnvironment()), database: pool });
      await runMigrations();
      await pool.end();
      await query(url, 'ALTER TABLE "rateLimit" RENAME COLUMN "lastRequest" TO "other"');

      const waiting = waitForSchema({ DATABASE_URL: url, WAIT_FOR_SCHEMA_SECONDS: "50" });
      await waiting.says("waiting, the database lacks rateLimit.lastRequest\n");
      await query(url, 'ALTER TABLE "rateLimit" RENAME COLUMN "other" TO "lastRequest"');
      expect(await waiting.ended).toMatchObject({ code: 0 });
    });
  });

  test("gives up in time and names what is missing", async () => {
    await withDatabase(async (url) => {
      const { code, output } = await waitForSchema({ DATABASE_URL: url, WAIT_FOR_SCHEMA_SECONDS: "3" }).ended;
      expect(code).toBe(1);
      expect(output).toContain("gave up after 3 s: the database lacks user, session, account, verification, rateLimit\n");
    });
  });

  test("bears a Postgres that does not listen yet", async () => {
    const port = await freePort();
    const url = `postgresql://todo:hidden@127.0.0.1:${port}/todo`;
    const { code, output } = await waitForSchema({ DATABASE_URL: url, WAIT_FOR_SCHEMA_SECONDS: "1" }).ended;
    expect(code).toBe(1);
    expect(output).toContain("waiting, no access to Postgres (");
    expect(output).toContain("gave up after 1 s");
    expect(output).not.toContain("hidden");
  });

  test("says which variable is missing", async () => {
    expect(await waitForSchema({}).ended).toEqual({ code: 1, output: "wait-for-schema: DATABASE_URL is missing\n" });
  });
});
