// Waits until Postgres has the tables and columns of Better Auth, as `auth-schema.json` lists them; Alembic, in the
// backend, makes them. Runs as an init container, in the image's working directory.
//
// DATABASE_URL (required); WAIT_FOR_SCHEMA_SECONDS (default 300): gives up then, with exit code 1.

import { readFile } from "node:fs/promises";
import { setTimeout as sleep } from "node:timers/promises";
import pg from "pg";
import { connectionUrl } from "./database-url.mjs";

const RETRY_MS = 500;
const REMIND_MS = 15_000;

/** What `wanted` names and the database does not have, as `table` or `table.column`. */
async function missing(databaseUrl, wanted) {
  const client = new pg.Client({
    connectionString: connectionUrl(databaseUrl),
    connectionTimeoutMillis: 5_000,
    query_timeout: 5_000,
    application_name: "todo-frontend wait-for-schema",
  });
  // A server that goes away in between is heard of by the query; unheard here, it would end the process.
  client.on("error", () => {});
  try {
    await client.connect();
    // Shows only what this role may use, which is the point.
    const { rows } = await client.query(
      "SELECT table_name, column_name FROM information_schema.columns WHERE table_schema = ANY (current_schemas(false))",
    );
    const tables = new Set(rows.map((row) => row.table_name));
    const columns = new Set(rows.map((row) => `${row.table_name}.${row.column_name}`));
    return Object.entries(wanted).flatMap(([table, names]) =>
      tables.has(table) ? names.map((name) => `${table}.${name}`).filter((name) => !columns.has(name)) : [table],
    );
  } finally {
    await client.end().catch(() => {});
  }
}

/** What still keeps the frontend from starting, in words; null when nothing does. */
async function obstacle(databaseUrl, wanted) {
  try {
    const names = await missing(databaseUrl, wanted);
    return names.length === 0 ? null : `the database lacks ${names.join(", ")}`;
  } catch (error) {
    // The message of a failed connection can be empty (an AggregateError); it never holds the password.
    return `no access to Postgres (${error.message || error.code})`;
  }
}

async function main() {
  const databaseUrl = process.env.DATABASE_URL;
  const seconds = Number(process.env.WAIT_FOR_SCHEMA_SECONDS || 300);
  if (!databaseUrl) {
    return "DATABASE_URL is missing";
  }
  if (!(seconds >= 0)) {
    return "WAIT_FOR_SCHEMA_SECONDS must be a number of seconds";
  }
  const wanted = JSON.parse(await readFile(new URL("auth-schema.json", import.meta.url), "utf8"));

  const deadline = performance.now() + seconds * 1000;
  let said;
  let remindAt = 0;
  for (;;) {
    const why = await obstacle(databaseUrl, wanted);
    if (why === null) {
      console.log("wait-for-schema: the schema is there");
      return null;
    }
    if (performance.now() + RETRY_MS > deadline) {
      return `gave up after ${seconds} s: ${why}`;
    }
    if (why !== said || performance.now() >= remindAt) {
      console.log(`wait-for-schema: waiting, ${why}`);
      said = why;
      remindAt = performance.now() + REMIND_MS;
    }
    await sleep(RETRY_MS);
  }
}

const failure = await main();
if (failure !== null) {
  console.error(`wait-for-schema: ${failure}`);
  process.exitCode = 1;
}
