import { headers } from "next/headers";
import { auth } from "./auth";

/** The signed-in session of the request being rendered, or null. */
export async function currentSession() {
  return auth().api.getSession({
    headers: await headers(),
    // A page cannot set the cookie that a renewed session needs; POST /token can, and renews it.
    query: { disableRefresh: true },
  });
}
