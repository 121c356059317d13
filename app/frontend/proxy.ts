import { type NextRequest, NextResponse } from "next/server";
import { readEnvironment } from "./server/environment";
import { isAllowedHost } from "./server/origin";

/**
 * Answers only under the app's own names, where signing in works. Gives every page a Content-Security-Policy that
 * admits the app's own files and nothing else. Next finds the nonce in the request's policy and puts it on the scripts
 * that it writes into the page.
 */
export function proxy(request: NextRequest): NextResponse {
  const { allowedHosts, authProtocol } = readEnvironment();
  if (!isAllowedHost(request.headers.get("host"), allowedHosts)) {
    return new NextResponse("The Todo app does not answer under this name. Open it under its own.\n", { status: 421 });
  }

  const nonce = Buffer.from(crypto.getRandomValues(new Uint8Array(16))).toString("base64");
  const isDevelopment = process.env.NODE_ENV === "development";
  const policy = [
    "default-src 'none'",
    // React's development build explains errors with eval.
    `script-src 'self' 'nonce-${nonce}' 'strict-dynamic'${isDevelopment ? " 'unsafe-eval'" : ""}`,
    `style-src 'self' ${isDevelopment ? "'unsafe-inline'" : `'nonce-${nonce}'`}`,
    "img-src 'self' data:",
    "font-src 'self'",
    "connect-src 'self'",
    "form-action 'self'",
    "base-uri 'none'",
    "frame-ancestors 'none'",
  ].join("; ");

  const headers = new Headers(request.headers);
  headers.set("Content-Security-Policy", policy);
  const response = NextResponse.next({ request: { headers } });
  response.headers.set("Content-Security-Policy", policy);
  if (authProtocol === "https") {
    // Over plain HTTP browsers ignore it, and complain.
    response.headers.set("Cross-Origin-Opener-Policy", "same-origin");
  }
  return response;
}

export const config = {
  // Pages only. Where this runs, Next buffers a request's body, which /api streams.
  matcher: "/((?!api/|auth/|token$|healthz$|_next/|icon\\.svg$).*)",
};
