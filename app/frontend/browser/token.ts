import { call, Failure } from "./failure";
import { noteServedBy } from "./served-by";

interface ApiToken {
  token: string;
  expires_at: number;
}

/** A token this close to its end is replaced before it is used. */
const RENEW_BEFORE_END_MS = 30_000;

// In memory alone: no script of another page, and no later visit, finds it.
let current: { token: string; renewAt: number } | undefined;
let pending: Promise<string> | undefined;
/** Whom the page shows. */
let owner: string | undefined;

/** Has tokens be those of one user: once someone else is signed in, the page's session counts as over. */
export function tokensFor(userId: string): void {
  if (owner !== userId) {
    owner = userId;
    current = undefined;
  }
}

/**
 * The token for the API, minted anew when the last one is about to end. Calls at the same time share one request.
 * @throws Failure of kind `signed-out` when the session is over, or is someone else's
 */
export async function apiToken(): Promise<string> {
  if (current !== undefined && performance.now() < current.renewAt) {
    return current.token;
  }
  pending ??= mint().finally(() => {
    pending = undefined;
  });
  return pending;
}

/** Forgets a token that the API refused. */
export function discardToken(refused: string): void {
  if (current?.token === refused) {
    current = undefined;
  }
}

async function mint(): Promise<string> {
  const asked = performance.now();
  const response = await call("/token", { method: "POST" });
  noteServedBy("frontend", response);
  if (response.status === 401) {
    throw new Failure("signed-out", "Your session has ended.");
  }
  if (!response.ok) {
    throw new Failure("refused", "The server gave no access to your tasks.");
  }
  const { token, expires_at } = (await response.json()) as ApiToken;
  if (owner !== undefined && subjectOf(token) !== owner) {
    throw new Failure("signed-out", "Someone else has signed in since.");
  }
  // Measured by the server's clock from end to end: this computer's may be wrong.
  const serverNow = Date.parse(response.headers.get("date") ?? "") || Date.now();
  current = { token, renewAt: asked + expires_at * 1000 - serverNow - RENEW_BEFORE_END_MS };
  return token;
}

/** Whom a token names: its claims are base64url, which `atob` does not read; ids are ASCII. */
function subjectOf(token: string): unknown {
  const [, claims = ""] = token.split(".");
  return (JSON.parse(atob(claims.replaceAll("-", "+").replaceAll("_", "/"))) as { sub?: unknown }).sub;
}
