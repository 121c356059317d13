// DATABASE_URL means to node-postgres what it means to libpq, which the backend connects with:
// https://www.postgresql.org/docs/current/libpq-ssl.html. Both halves are held to app/contract/sslmode.json.

import { existsSync } from "node:fs";

/**
 * The URL to connect with. node-postgres takes every `sslmode` for `verify-full` unless told otherwise.
 *
 * `verify-ca` and `verify-full` that name no `sslrootcert` trust the file of DATABASE_CA_FILE, where it is there, and
 * else the CAs that Node carries. `allow` and `prefer` promise nothing, and are served without TLS.
 *
 * @param {string} databaseUrl
 * @param {string | undefined} caFile
 * @returns {string}
 */
export function connectionUrl(databaseUrl, caFile = process.env.DATABASE_CA_FILE) {
  const url = new URL(databaseUrl);
  const given = url.searchParams;
  const mode = given.get("sslmode");
  if (mode === null) {
    return databaseUrl;
  }
  if (mode === "allow" || mode === "prefer") {
    given.set("sslmode", "disable");
  }
  if (mode.startsWith("verify-") && !given.has("sslrootcert") && caFile && existsSync(caFile)) {
    given.set("sslrootcert", caFile);
  }
  if (given.get("sslrootcert") === "system") {
    given.delete("sslrootcert");
  }
  given.set("uselibpqcompat", "true");
  return url.href;
}
