import { createHmac, hkdfSync } from "node:crypto";

const ISSUER = "todo-frontend";
const AUDIENCE = "todo-backend";
const KEY_INFO = "todo-app/api-token/v1";
// With the 30 s by which the API bears with clocks, what was ended is over within 300 s.
const LIFETIME_SECONDS = 270;

export interface ApiToken {
  token: string;
  /** Unix seconds. */
  expires_at: number;
}

/** The key of the API's tokens: HKDF-SHA256 (RFC 5869) of the secret, 32 bytes; see docs/contract.md. */
export function deriveTokenKey(secret: string): Buffer {
  return Buffer.from(hkdfSync("sha256", secret, "", KEY_INFO, 32));
}

/**
 * Mints the JWT (RFC 7519, HS256) that names a user to the backend.
 * @param now Unix seconds
 */
export function mintToken(subject: string, secret: string, now: number): ApiToken {
  const expires = now + LIFETIME_SECONDS;
  const signed = [
    { alg: "HS256", typ: "JWT" },
    { iss: ISSUER, aud: AUDIENCE, sub: subject, iat: now, exp: expires },
  ]
    .map((part) => Buffer.from(JSON.stringify(part)).toString("base64url"))
    .join(".");
  const signature = createHmac("sha256", deriveTokenKey(secret)).update(signed).digest("base64url");
  return { token: `${signed}.${signature}`, expires_at: expires };
}
