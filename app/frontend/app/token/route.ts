import { auth } from "@/server/auth";
import { readEnvironment } from "@/server/environment";
import { countAuth } from "@/server/metrics";
import { refuseForeign } from "@/server/origin";
import { problem, signInUnavailable } from "@/server/problem";
import { mintToken } from "@/server/token";

/** Mints the token that the page shows the API, for the session in the request's cookie. */
export async function POST(request: Request): Promise<Response> {
  const response = await answer(request);
  countAuth("/token", response.status);
  return response;
}

async function answer(request: Request): Promise<Response> {
  const environment = readEnvironment();
  const refusal = refuseForeign(request, environment);
  if (refusal !== null) {
    return refusal;
  }

  let session;
  try {
    session = await auth().api.getSession({ headers: request.headers, returnHeaders: true });
  } catch (error) {
    return signInUnavailable(error);
  }
  if (session.response === null) {
    return problem(401, "Sign in first.");
  }

  const token = mintToken(session.response.user.id, environment.authSecret, Math.floor(Date.now() / 1000));
  const response = Response.json(token, {
    headers: { "Cache-Control": "no-store", "X-Served-By": environment.podName },
  });
  // A session that is in use is renewed: its cookie then goes along.
  for (const cookie of session.headers.getSetCookie()) {
    response.headers.append("Set-Cookie", cookie);
  }
  return response;
}
