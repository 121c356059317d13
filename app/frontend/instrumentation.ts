/**
 * Runs once when the server starts: refuses to, when the environment would fail every sign-in. Serves the metrics, and
 * sends spans where there is a collector.
 */
export async function register(): Promise<void> {
  if (process.env.NEXT_RUNTIME !== "nodejs") {
    return;
  }
  const { refuseUnfitEnvironment } = await import("./server/startup");
  refuseUnfitEnvironment();
  const { readEnvironment } = await import("./server/environment");
  const { metricsPort, isTraced, podName } = readEnvironment();
  if (metricsPort !== null) {
    const { serveMetrics } = await import("./server/metrics");
    serveMetrics(metricsPort);
  }
  if (isTraced) {
    const { sendLastSpans, sendSpans } = await import("./server/collector");
    sendLastSpans(sendSpans(podName));
  }
}
