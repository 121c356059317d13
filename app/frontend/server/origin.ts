import type { Environment } from "./environment";
import { problem } from "./problem";

/** Whether the app answers under this Host; a `*` in the list stands for anything, as in `localhost:*`. */
export function isAllowedHost(host: string | null, allowedHosts: string[]): boolean {
  return (
    host !== null &&
    allowedHosts.some((pattern) => {
      const literals = pattern.toLowerCase().split("*").map((literal) => literal.replace(/[^\w]/g, "\\$&"));
      return new RegExp(`^${literals.join("[^/]*")}$`).test(host.toLowerCase());
    })
  );
}

/**
 * The problem document for a request that none of the app's own pages can have sent, or null. It must name a Host that
 * the app answers under and, unless it only reads, come from that very origin: every browser sends Origin with a POST.
 * (Sec-Fetch-Site only goes to secure contexts, and http://todo-app.local is none.)
 */
export function refuseForeign(request: Request, environment: Environment): Response | null {
  const { allowedHosts, authProtocol } = environment;
  const host = request.headers.get("host");
  if (host === null || !isAllowedHost(host, allowedHosts)) {
    return problem(421, "The app does not answer under this name.");
  }
  const onlyReads = request.method === "GET" || request.method === "HEAD";
  if (!onlyReads && request.headers.get("origin") !== `${authProtocol}://${host}`) {
    return problem(403, "Only the app's own pages may do this.");
  }
  return null;
}

/** The problem document for a body above `limit` bytes or of untold length, or null: Better Auth reads one as a whole. */
export function refuseLarge(request: Request, limit: number): Response | null {
  if (request.body === null) {
    return null;
  }
  const length = request.headers.get("content-length");
  if (length === null) {
    return problem(411, "The length of a request's body must be told.");
  }
  return Number(length) <= limit ? null : problem(413, `A request's body may have ${limit} bytes at most.`);
}
