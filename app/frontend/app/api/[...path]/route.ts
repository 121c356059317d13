import { forwardToBackend } from "@/server/backend-proxy";
import { readEnvironment } from "@/server/environment";
import { noteForwarded } from "@/server/metrics";
import { asForwarded } from "@/server/tracing";

// The Ingress sends /api to the backend itself; this serves whoever reaches the frontend alone, by a port-forward.
// A rewrite in proxy.ts would cut large bodies and tell the browser the backend's address.
async function forward(request: Request): Promise<Response> {
  const start = performance.now();
  const response = await asForwarded(request, () => forwardToBackend(request, readEnvironment().backendUrl));
  noteForwarded(request.method, response.status, (performance.now() - start) / 1000);
  return response;
}

export {
  forward as DELETE,
  forward as GET,
  forward as HEAD,
  forward as OPTIONS,
  forward as PATCH,
  forward as POST,
  forward as PUT,
};
