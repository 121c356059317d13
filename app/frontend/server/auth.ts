import { betterAuth } from "better-auth";
import { Pool } from "pg";
import { connectionUrl } from "../database-url.mjs";
import { authOptions } from "./auth-options";
import { type Environment, readEnvironment } from "./environment";
import { forget, guard } from "./guard";

/** Better Auth on a pool of its own; the caller ends the pool. */
export function createAuth(environment: Environment) {
  const pool = new Pool({
    connectionString: connectionUrl(environment.databaseUrl),
    max: environment.poolSize,
    connectionTimeoutMillis: 5_000,
    idleTimeoutMillis: 30_000,
    statement_timeout: 10_000,
    query_timeout: 12_000,
    application_name: "todo-frontend",
  });
  // Postgres closes idle connections when it restarts. Unheard, that event would end the process.
  pool.on("error", (error) => {
    console.error(JSON.stringify({ level: "warning", message: "an idle database connection broke", error: error.message }));
  });
  const options = authOptions(environment);
  // The account is gone by then, whatever becomes of its counter, which a later sweep takes.
  const forgetTries = (userId: string) =>
    forget(pool, userId).catch((error: unknown) => {
      console.error(JSON.stringify({ level: "warning", message: "a counter was left behind", error: String(error) }));
    });
  const auth = betterAuth({
    ...options,
    user: { deleteUser: { ...options.user.deleteUser, afterDelete: ({ id }) => forgetTries(id) } },
    database: pool,
    hooks: { before: guard(pool) },
  });
  return { pool, auth };
}

let made: ReturnType<typeof createAuth> | undefined;

/** The one instance of this process, made at first use: `next build` loads this module without a database. */
export function auth() {
  made ??= createAuth(readEnvironment());
  return made.auth;
}
