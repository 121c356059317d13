import type { Pool } from "pg";

/** How often something may be tried: `max` times in a window, which opens with the first try. */
export interface Limit {
  key: string;
  max: number;
  windowSeconds: number;
  /**
   * Each try that counts opens the window anew, so that no stretch of its length has more than `max`, wherever it
   * begins. Otherwise there may be almost twice as many around a window's end, but who never pauses is not held up.
   */
  strict?: boolean;
}

/** What is older than this has no window open any more, and is swept away. */
const FORGET_AFTER_MS = 24 * 60 * 60 * 1000;

/** A sweep reads the whole table: once in this time is enough for one process. */
const SWEEP_EVERY_MS = 60 * 1000;
const lastSweeps = new WeakMap<Pool, number>();

/**
 * Counts a try against each limit in turn, and stops at the first that is used up. One that is used up already refuses
 * before anything is counted, so that nobody fills the table with counters past their limit. The counters are in Better
 * Auth's table `rateLimit`, which its own limiter leaves to this one: that one reads before it writes, so that fifty
 * tries at once could pass it.
 *
 * One statement counts and tells, so that replicas and simultaneous tries cannot both be the fifth.
 * @returns seconds until the next try may be allowed; 0 when this one is
 */
export async function countTry(pool: Pool, limits: Limit[], now = Date.now()): Promise<number> {
  if (limits.length === 0) {
    return 0;
  }
  if (now - (lastSweeps.get(pool) ?? -Infinity) >= SWEEP_EVERY_MS) {
    lastSweeps.set(pool, now);
    await pool.query('DELETE FROM "rateLimit" WHERE "lastRequest" < $1', [now - FORGET_AFTER_MS]);
  }
  const counted = await pool.query<Counter & { key: string }>(LOOK, [limits.map(({ key }) => key)]);
  for (const { key, max, windowSeconds } of limits) {
    const counter = counted.rows.find((row) => row.key === key);
    if (counter !== undefined && counter.count >= max && Number(counter.opened) > now - windowSeconds * 1000) {
      return secondsLeft(counter, windowSeconds, now);
    }
  }
  for (const { key, max, windowSeconds, strict = false } of limits) {
    const closed = now - windowSeconds * 1000;
    const { rows } = await pool.query<Counter>(COUNT, [key, now, closed, strict ? max : 0]);
    const counter = rows[0] ?? { count: 1, opened: String(now) };
    if (counter.count > max) {
      return secondsLeft(counter, windowSeconds, now);
    }
  }
  return 0;
}

interface Counter {
  count: number;
  /** When the window opened. */
  opened: string;
}

/** At most a window: a try that came a moment earlier may be counted after the one that opened it. */
const secondsLeft = ({ opened }: Counter, windowSeconds: number, now: number) =>
  Math.min(windowSeconds, Math.max(1, Math.ceil((Number(opened) + windowSeconds * 1000 - now) / 1000)));

const LOOK = 'SELECT "key", "count", "lastRequest" AS opened FROM "rateLimit" WHERE "key" = ANY($1)';

// $1 key, $2 now, $3 the instant up to which a window has closed, $4 how many tries open it anew. `lastRequest` holds
// when the window opened.
const COUNT = `
  INSERT INTO "rateLimit" AS counted ("id", "key", "count", "lastRequest") VALUES (gen_random_uuid()::text, $1, 1, $2)
  ON CONFLICT ("key") DO UPDATE SET
    "count" = CASE WHEN counted."lastRequest" <= $3 THEN 1 ELSE counted."count" + 1 END,
    "lastRequest" = CASE WHEN counted."lastRequest" <= $3 OR counted."count" < $4
      THEN GREATEST(counted."lastRequest", $2) ELSE counted."lastRequest" END
  RETURNING "count", "lastRequest" AS opened`;
