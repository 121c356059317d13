import { useCallback, useEffect, useRef } from "react";
import { call } from "./failure";

const RETRY_MS = 5_000;

/**
 * For a page that could not be rendered, most often as Postgres is away: recovers as soon as the app has its data again,
 * for which it asks every few seconds. Until then all stays as it is, the focus too.
 * @returns what asks at once
 */
export function useRecovery(recover: () => void): () => void {
  const isAsking = useRef(false);
  const tryNow = useCallback(() => {
    if (isAsking.current) {
      return;
    }
    isAsking.current = true;
    // Every page looks the session up first: while that cannot be, to render again would take what is shown, too.
    call("/token", { method: "POST" })
      .then(recover, () => undefined)
      .finally(() => {
        isAsking.current = false;
      });
  }, [recover]);

  useEffect(() => {
    const timer = setInterval(tryNow, RETRY_MS);
    return () => {
      clearInterval(timer);
    };
  }, [tryNow]);

  return tryNow;
}
