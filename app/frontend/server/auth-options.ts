import type { BetterAuthOptions } from "better-auth";
import type { Environment } from "./environment";

/**
 * The options of Better Auth, apart from the database: a deployment's tables follow from these, so tests and
 * `auth-schema.json` are made from them too.
 */
export function authOptions(environment: Environment) {
  const { authSecret, allowedHosts, authProtocol, ipHeader } = environment;
  return {
    appName: "Todo",
    basePath: "/auth",
    baseURL: {
      allowedHosts,
      // Without it, cookies turn Secure, which no browser sends to http://todo-app.local.
      protocol: authProtocol,
      // Where a Host that is not on the list leads: no Origin equals it. Without it, such a request is a 500.
      fallback: `${authProtocol}://host-not-allowed.invalid`,
    },
    secret: authSecret,
    emailAndPassword: { enabled: true, minPasswordLength: 8, maxPasswordLength: 128 },
    user: { deleteUser: { enabled: true } },
    // Its table is kept, its limiter is not: server/guard.ts counts there.
    rateLimit: { enabled: false, storage: "database" },
    advanced: {
      useSecureCookies: authProtocol === "https",
      // The Host header decides; X-Forwarded-Host could be anyone's.
      trustedProxyHeaders: false,
      ipAddress: { ipAddressHeaders: [ipHeader] },
    },
    telemetry: { enabled: false },
  } satisfies BetterAuthOptions;
}
