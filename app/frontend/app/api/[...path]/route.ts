import { forwardToBackend } from "@/server/backend-proxy";
import { readEnvironment } from "@/server/environment";

// The Ingress sends /api to the backend itself; this serves whoever reaches the frontend alone, by a port-forward.
// A rewrite in proxy.ts would cut large bodies and tell the browser the backend's address.
const forward = (request: Request) => forwardToBackend(request, readEnvironment().backendUrl);

export {
  forward as DELETE,
  forward as GET,
  forward as HEAD,
  forward as OPTIONS,
  forward as PATCH,
  forward as POST,
  forward as PUT,
};
