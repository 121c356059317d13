import { auth } from "@/server/auth";
import { readEnvironment } from "@/server/environment";
import { refuseForeign } from "@/server/origin";

// Better Auth looks at the origin only where there is a cookie: signing in has none yet.
const handle = (request: Request) => refuseForeign(request, readEnvironment()) ?? auth().handler(request);

export { handle as GET, handle as POST };
