import { EnvironmentError, readEnvironment } from "./environment";

/** Ends the process, with one line on stderr, when the environment does not fit. */
export function refuseUnfitEnvironment(): void {
  try {
    readEnvironment();
  } catch (error) {
    if (!(error instanceof EnvironmentError)) {
      throw error;
    }
    console.error(`todo-frontend does not start: ${error.message}`);
    process.exit(1);
  }
}
