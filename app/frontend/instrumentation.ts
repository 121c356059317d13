/** Runs once when the server starts: refuses to, when the environment would fail every sign-in. Serves the metrics. */
export async function register(): Promise<void> {
  if (process.env.NEXT_RUNTIME !== "nodejs") {
    return;
  }
  const { refuseUnfitEnvironment } = await import("./server/startup");
  refuseUnfitEnvironment();
  const { readEnvironment } = await import("./server/environment");
  const { metricsPort } = readEnvironment();
  if (metricsPort !== null) {
    const { serveMetrics } = await import("./server/metrics");
    serveMetrics(metricsPort);
  }
}
