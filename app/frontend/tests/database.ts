import pg from "pg";
import { inject } from "vitest";

let made = 0;

/** Runs `work` with the URL of an empty database, which is dropped afterwards. */
export async function withDatabase<T>(work: (url: string) => Promise<T>): Promise<T> {
  made += 1;
  const name = `todo_frontend_test_${process.pid}_${made}`;
  const url = new URL(inject("postgresUrl"));
  await query(url.href, `CREATE DATABASE ${name}`);
  try {
    const own = new URL(url);
    own.pathname = `/${name}`;
    return await work(own.href);
  } finally {
    await query(url.href, `DROP DATABASE ${name} WITH (FORCE)`);
  }
}

/** Runs one statement on a connection of its own. */
export async function query(url: string, statement: string): Promise<Record<string, unknown>[]> {
  const client = new pg.Client({ connectionString: url });
  await client.connect();
  try {
    return (await client.query<Record<string, unknown>>(statement)).rows;
  } finally {
    await client.end();
  }
}
