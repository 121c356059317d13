import { call } from "./failure";

export type AccountField = "name" | "email" | "password";

/** What Better Auth refused, and the field it is about, if it is about one. */
export interface Refusal {
  field?: AccountField;
  message: string;
}

/** Better Auth's error codes that people can do something about. */
const REFUSALS: Record<string, Refusal> = {
  INVALID_EMAIL: { field: "email", message: "Enter an e-mail address, such as ada@example.com." },
  INVALID_EMAIL_OR_PASSWORD: { message: "The e-mail address or the password is wrong." },
  PASSWORD_TOO_LONG: { field: "password", message: "Use at most 128 characters." },
  PASSWORD_TOO_SHORT: { field: "password", message: "Use at least 8 characters." },
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
  account: Record<AccountField, string>,
): Promise<Refusal | null> {
  const response = await call(`/auth/${action}/email`, {
    method: "POST",
    headers: { "Content-Type": "application/json" },
    body: JSON.stringify(account),
  });
  if (response.ok) {
    return null;
  }
  if (response.status === 429) {
    return { message: "There were many tries in a short time. Wait a minute, then try again." };
  }
  const { code } = (await response.json().catch(() => ({}))) as { code?: string };
  return REFUSALS[code ?? ""] ?? { message: `Something went wrong on the server (${response.status}).` };
}

/** Ends the session. @throws Failure when no answer comes */
export async function signOut(): Promise<void> {
  await call("/auth/sign-out", { method: "POST", headers: { "Content-Type": "application/json" }, body: "{}" });
}
