import { call } from "./failure";

export type AccountField = "name" | "email" | "password" | "currentPassword" | "newPassword";

/** What Better Auth refused, and the field it is about, if it is about one. */
export interface Refusal {
  field?: AccountField;
  message: string;
}

export const PASSWORD_MIN_LENGTH = 8;

/** Better Auth's error codes that people can do something about. */
const REFUSALS: Record<string, Refusal> = {
  INVALID_EMAIL: { field: "email", message: "Enter an e-mail address, such as ada@example.com." },
  INVALID_EMAIL_OR_PASSWORD: { message: "The e-mail address or the password is wrong." },
  INVALID_PASSWORD: { field: "password", message: "This is not your password." },
  PASSWORD_TOO_LONG: { field: "password", message: "Use at most 128 characters." },
  PASSWORD_TOO_SHORT: { field: "password", message: `Use at least ${PASSWORD_MIN_LENGTH} characters.` },
  USER_ALREADY_EXISTS: { field: "email", message: "There is an account with this address. Sign in instead." },
  USER_ALREADY_EXISTS_USE_ANOTHER_EMAIL: {
    field: "email",
    message: "There is an account with this address. Sign in instead.",
  },
};

/**
 * Signs up or in; the session's cookie comes with the answer.
 * @returns what was refused, or null
 * @throws Failure when no answer comes
 */
export async function authenticate(
  action: "sign-up" | "sign-in",
  account: Record<"name" | "email" | "password", string>,
): Promise<Refusal | null> {
  return ask(`${action}/email`, account);
}

/** Changes the password, and ends all other sessions. @returns what was refused, or null @throws Failure */
export async function changePassword(currentPassword: string, newPassword: string): Promise<Refusal | null> {
  const refusal = await ask("change-password", { currentPassword, newPassword, revokeOtherSessions: true });
  if (refusal?.field === "password") {
    return { ...refusal, field: refusal.message === REFUSALS.INVALID_PASSWORD?.message ? "currentPassword" : "newPassword" };
  }
  return refusal;
}

/** Ends this session. @returns what was refused, or null @throws Failure */
export const signOut = (): Promise<Refusal | null> => ask("sign-out", {});

/** Ends every session of this account. @returns what was refused, or null @throws Failure */
export const signOutEverywhere = (): Promise<Refusal | null> => ask("revoke-sessions", {});

/** Deletes the account with all that is the user's. @returns what was refused, or null @throws Failure */
export const deleteAccount = (password: string): Promise<Refusal | null> => ask("delete-user", { password });

async function ask(path: string, body: object): Promise<Refusal | null> {
  const response = await call(`/auth/${path}`, {
    method: "POST",
    headers: { "Content-Type": "application/json" },
    body: JSON.stringify(body),
  });
  if (response.ok) {
    return null;
  }
  if (response.status === 429) {
    const seconds = Number(response.headers.get("retry-after")) || 60;
    return { message: `Too many tries in a short time. Try again in ${seconds} s.` };
  }
  const { code } = (await response.json().catch(() => ({}))) as { code?: string };
  const known = REFUSALS[code ?? ""];
  if (known === undefined && response.status === 401) {
    return { message: "Your session has ended. Sign in again." };
  }
  return known ?? { message: `Something went wrong on the server (${response.status}).` };
}
