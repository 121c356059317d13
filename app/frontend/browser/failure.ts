/** Why a call failed, as far as the page treats it differently. */
export type FailureKind =
  /** The app cannot be reached, or says so itself: try again later. */
  | "away"
  /** The session is over. */
  | "signed-out"
  /** The task is no longer there. */
  | "gone"
  /** The task was changed elsewhere since it was read. */
  | "changed"
  /** Something else came first, and rules this out. */
  | "taken"
  /** The answer was no, for a reason that `message` gives. */
  | "refused";

/** A call to the app that failed; the message is for people. */
export class Failure extends Error {
  override name = "Failure";

  constructor(
    readonly kind: FailureKind,
    message: string,
  ) {
    super(message);
  }
}

/** What is thrown, as a Failure: an error of the page itself is not for people to read. */
export const asFailure = (error: unknown): Failure =>
  error instanceof Failure ? error : new Failure("refused", "Something went wrong in this page. Load it again.");

/** Lets a failure be where what was asked for is gone, which is then undefined. @throws what else failed */
export function unlessGone(error: unknown): undefined {
  if (asFailure(error).kind !== "gone") {
    throw error;
  }
  return undefined;
}

const AWAY = new Set([502, 503, 504]);
export const PATIENCE_MS = 20_000;

/** Calls the app, with a limit on the time. @throws Failure of kind `away` when no answer comes */
export async function call(request: string | Request, init: RequestInit = {}): Promise<Response> {
  let response;
  try {
    response = await fetch(request, { ...init, signal: init.signal ?? AbortSignal.timeout(PATIENCE_MS) });
  } catch {
    throw new Failure("away", "The server cannot be reached at the moment.");
  }
  if (AWAY.has(response.status)) {
    throw new Failure("away", "The server is not available at the moment.");
  }
  return response;
}
