import { type Environment, readEnvironment } from "@/server/environment";

export const EXAMPLE_SECRET = "an example that no one signs anything with";

/** An environment that fits; `changes` are variables as a deployment sets them. */
export function exampleEnvironment(changes: Record<string, string> = {}): Environment {
  return readEnvironment({
    DATABASE_URL: "postgresql://todo@localhost/todo",
    BETTER_AUTH_SECRET: EXAMPLE_SECRET,
    AUTH_ALLOWED_HOSTS: "todo-app.local,localhost:*",
    AUTH_IP_HEADER: "X-Real-IP",
    ...changes,
  });
}
