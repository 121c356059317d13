import type { Pool } from "pg";

/** How often something may be tried: `max` times in a window that opens with the first try. */
export interface Limit {
  key: string;
  max: number;
  windowSeconds: number;
}

/** What is older than this has no window open any more, and is swept away. */
const FORGET_AFTER_MS = 24 * 60 * 60 * 1000;

/**
 * Counts a try against each limit in turn, and stops at the first that is used up. The counters are in Better Auth's
 * table `rateLimit`, which its own limiter leaves to this one: that one reads before it writes, so that fifty tries
 * at once could pass it.
 *
 * One statement counts and tells, so that replicas and simultaneous tries cannot both be the fifth.
 * @returns seconds until the next try may be allowed; 0 when this one is
 */
export async function countTry(pool: Pool, limits: Limit[], now = Date.now()): Promise<number> {
  for (const { key, max, windowSeconds } of limits) {
    const { rows } = await pool.query<{ count: number; opened: string }>(COUNT, [key, now, now - windowSeconds * 1000]);
    const { count, opened } = rows[0] ?? { count: 1, opened: String(now) };
    if (count > max) {
      return Math.max(1, Math.ceil((Number(opened) + windowSeconds * 1000 - now) / 1000));
    }
    if (count === 1) {
      await pool.query('DELETE FROM "rateLimit" WHERE "lastRequest" < $1', [now - FORGET_AFTER_MS]);
    }
  }
  return 0;
}

// $1 key, $2 now, $3 the instant up to which a window has closed. `lastRequest` holds when the window opened.
const COUNT = `
  INSERT INTO "rateLimit" AS counted ("id", "key", "count", "lastRequest") VALUES (gen_random_uuid()::text, $1, 1, $2)
  ON CONFLICT ("key") DO UPDATE SET
    "count" = CASE WHEN counted."lastRequest" <= $3 THEN 1 ELSE counted."count" + 1 END,
    "lastRequest" = CASE WHEN counted."lastRequest" <= $3 THEN $2 ELSE counted."lastRequest" END
  RETURNING "count", "lastRequest" AS opened`;
