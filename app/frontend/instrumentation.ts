/** Runs once when the server starts: refuses to, when the environment would fail every sign-in. */
export async function register(): Promise<void> {
  if (process.env.NEXT_RUNTIME !== "nodejs") {
    return;
  }
  const { refuseUnfitEnvironment } = await import("./server/startup");
  refuseUnfitEnvironment();
}
