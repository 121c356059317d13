import { hostname } from "node:os";

/** What the frontend reads from its environment; docs/contract.md says where each value comes from. */
export interface Environment {
  databaseUrl: string;
  authSecret: string;
  /** Connections to Postgres that this process holds at most. */
  poolSize: number;
  /** Hosts that the app answers to, with port; `*` stands for anything. */
  allowedHosts: string[];
  authProtocol: "http" | "https";
  /** The header in which the proxy in front of the app puts the client's address. */
  ipHeader: string;
  backendUrl: URL;
  /** Who answers, for people to see. */
  podName: string;
  /** Whether there is a page that shows the cluster. */
  hasClusterPage: boolean;
  /** Where /metrics is served, apart from the app: no Ingress leads there. Null for nowhere. */
  metricsPort: number | null;
  /** Whether spans are sent, to where OpenTelemetry's own variables say. */
  isTraced: boolean;
}

/** The environment does not fit; the message names every variable at fault, never a value of a secret. */
export class EnvironmentError extends Error {
  override name = "EnvironmentError";
}

const SECRET_MIN_LENGTH = 32;

/**
 * Reads and checks the environment.
 * @throws EnvironmentError with all that is wrong in one line
 */
export function readEnvironment(variables: Record<string, string | undefined> = process.env): Environment {
  const problems: string[] = [];
  const read = (name: string, otherwise = "") => variables[name]?.trim() || otherwise;

  const databaseUrl = read("DATABASE_URL");
  if (databaseUrl === "") {
    problems.push("DATABASE_URL is missing");
  } else if (!/^postgres(ql)?:\/\//.test(databaseUrl)) {
    problems.push("DATABASE_URL must begin with postgresql://");
  } else if (!URL.canParse(databaseUrl)) {
    problems.push("DATABASE_URL is no URL (is its password percent-encoded?)");
  }

  // Taken as it is: the backend derives its key from the same characters.
  const authSecret = variables.BETTER_AUTH_SECRET ?? "";
  if (authSecret === "") {
    problems.push("BETTER_AUTH_SECRET is missing");
  } else if (authSecret.length < SECRET_MIN_LENGTH) {
    problems.push(`BETTER_AUTH_SECRET must have at least ${SECRET_MIN_LENGTH} characters`);
  }

  const poolSize = Number(read("DATABASE_POOL_SIZE", "5"));
  if (!Number.isInteger(poolSize) || poolSize < 1) {
    problems.push("DATABASE_POOL_SIZE must be a whole number above 0");
  }

  const authProtocol = read("AUTH_PROTOCOL", "http");
  if (authProtocol !== "http" && authProtocol !== "https") {
    problems.push("AUTH_PROTOCOL must be http or https");
  }

  const allowedHosts = read("AUTH_ALLOWED_HOSTS", "localhost:*")
    .split(",")
    .map((host) => host.trim())
    .filter((host) => host !== "");
  if (allowedHosts.length === 0) {
    problems.push("AUTH_ALLOWED_HOSTS names no host");
  }

  const backendUrl = read("BACKEND_URL", "http://localhost:8000");
  if (!/^https?:\/\//.test(backendUrl) || !URL.canParse(backendUrl)) {
    problems.push("BACKEND_URL must be an http or https URL");
  }

  const metricsPort = read("METRICS_PORT") === "" ? null : Number(read("METRICS_PORT"));
  if (metricsPort !== null && !(Number.isInteger(metricsPort) && metricsPort > 0 && metricsPort < 65536)) {
    problems.push("METRICS_PORT must be a port");
  }

  const collector = read("OTEL_EXPORTER_OTLP_ENDPOINT");
  if (collector !== "" && !(/^https?:\/\//.test(collector) && URL.canParse(collector))) {
    problems.push("OTEL_EXPORTER_OTLP_ENDPOINT must be an http or https URL");
  }

  if (problems.length > 0) {
    throw new EnvironmentError(problems.join("; "));
  }
  return {
    databaseUrl,
    authSecret,
    poolSize,
    allowedHosts,
    authProtocol: authProtocol === "https" ? "https" : "http",
    ipHeader: read("AUTH_IP_HEADER", "x-forwarded-for").toLowerCase(),
    backendUrl: new URL(backendUrl),
    podName: read("POD_NAME", hostname()),
    hasClusterPage: read("CLUSTER_PAGE", "true") === "true",
    metricsPort,
    isTraced: collector !== "",
  };
}
