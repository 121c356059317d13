import { auth } from "@/server/auth";
import { readEnvironment } from "@/server/environment";
import { countAuth } from "@/server/metrics";
import { refuseForeign, refuseLarge } from "@/server/origin";
import { signInUnavailable } from "@/server/problem";

const BODY_BYTES = 16 * 1024;

async function handle(request: Request): Promise<Response> {
  const response = await answer(request);
  countAuth(new URL(request.url).pathname, response.status);
  return response;
}

async function answer(request: Request): Promise<Response> {
  // Better Auth looks at the origin only where there is a cookie: signing in has none yet.
  const refusal = refuseForeign(request, readEnvironment()) ?? refuseLarge(request, BODY_BYTES);
  if (refusal !== null) {
    return refusal;
  }
  try {
    return await auth().handler(request);
  } catch (error) {
    return signInUnavailable(error);
  }
}

export { handle as GET, handle as POST };
