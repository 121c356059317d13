/**
 * Whether a request comes from a page of this very origin. Every browser sends Origin with a POST; Sec-Fetch-Site,
 * which would be simpler, is only sent to secure contexts, and http://todo-app.local is none.
 */
export function isSameOrigin(request: Request, protocol: "http" | "https"): boolean {
  const host = request.headers.get("host");
  return host !== null && request.headers.get("origin") === `${protocol}://${host}`;
}
