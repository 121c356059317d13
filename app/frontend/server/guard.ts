import { createHash } from "node:crypto";
import { APIError, createAuthMiddleware, getIP, getSessionFromCtx } from "better-auth/api";
import type { Pool } from "pg";
import { countTry, type Limit } from "./tries";

const MINUTE = 60;

/** Passwords that are checked for one account in any minute, from one address or, once signed in, from anywhere. */
export const CHECKS_PER_ACCOUNT = 5;

/** A classroom shares an address: this is for those who try account after account. */
export const SIGN_INS_PER_ADDRESS = 300;

/** Sign-up has to tell that an address is taken; this is how often it does. */
export const SIGN_UPS_PER_ADDRESS = 100;

/**
 * Runs before each of Better Auth's endpoints: counts whatever checks a password or makes an account, and refuses with
 * 429 and Retry-After what exceeds the limit. Deleting an account takes its password, also right after signing in.
 */
export function guard(pool: Pool) {
  return createAuthMiddleware(async (ctx) => {
    const body = (ctx.body ?? {}) as Record<string, unknown>;
    const limits: Limit[] = [];
    switch (ctx.path) {
      case "/sign-in/email": {
        // No header that the proxy vouches for: everyone counts as one.
        const address = (ctx.request && getIP(ctx.request, ctx.context.options)) ?? "unknown";
        const account = hash(typeof body.email === "string" ? body.email.trim().toLowerCase() : "");
        limits.push(
          { key: `sign-in ${address} ${account}`, max: CHECKS_PER_ACCOUNT, windowSeconds: MINUTE, strict: true },
          { key: `sign-in ${address}`, max: SIGN_INS_PER_ADDRESS, windowSeconds: MINUTE },
        );
        break;
      }
      case "/sign-up/email": {
        const address = (ctx.request && getIP(ctx.request, ctx.context.options)) ?? "unknown";
        limits.push({ key: `sign-up ${address}`, max: SIGN_UPS_PER_ADDRESS, windowSeconds: MINUTE });
        break;
      }
      case "/change-password":
      case "/verify-password":
      case "/delete-user": {
        if (ctx.path === "/delete-user" && (typeof body.password !== "string" || body.password === "")) {
          throw new APIError("BAD_REQUEST", { code: "INVALID_PASSWORD", message: "The password is needed" });
        }
        const session = await getSessionFromCtx(ctx);
        if (session !== null) {
          limits.push({ key: passwords(session.user.id), max: CHECKS_PER_ACCOUNT, windowSeconds: MINUTE, strict: true });
        }
        break;
      }
    }
    const retryAfter = await countTry(pool, limits);
    if (retryAfter > 0) {
      throw new APIError(
        "TOO_MANY_REQUESTS",
        { code: "TOO_MANY_REQUESTS", message: "Too many tries. Wait, then try again." },
        { "Retry-After": String(retryAfter) },
      );
    }
  });
}

/** Forgets the counter of an account that is no more. */
export async function forget(pool: Pool, userId: string): Promise<void> {
  await pool.query('DELETE FROM "rateLimit" WHERE "key" = $1', [passwords(userId)]);
}

const passwords = (userId: string) => `password ${userId}`;

/** Addresses of people stay out of the table of counters. */
const hash = (email: string) => createHash("sha256").update(email).digest("base64url");
