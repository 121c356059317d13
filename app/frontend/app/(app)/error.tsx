"use client";

import { useCallback, useEffect, useRef } from "react";
import { call } from "@/browser/failure";
import controls from "@/components/controls.module.css";
import styles from "./error.module.css";

const RETRY_MS = 5_000;

/**
 * In the place of a page that could not be rendered, most often as Postgres is away. All around it stays, with the changes
 * that wait for the server; it tries again by itself.
 */
export default function PageError({ retry }: { retry: () => void }) {
  const isAsking = useRef(false);
  const tryAgain = useCallback(async () => {
    if (isAsking.current) {
      return;
    }
    isAsking.current = true;
    // The session first: rendering all anew without one to be had would take what is around the page too.
    const answer = await call("/token", { method: "POST" }).catch(() => null);
    isAsking.current = false;
    if (answer !== null) {
      retry();
    }
  }, [retry]);

  useEffect(() => {
    const timer = setInterval(() => void tryAgain(), RETRY_MS);
    return () => {
      clearInterval(timer);
    };
  }, [tryAgain]);

  return (
    <div className={styles.error}>
      <h1>One moment</h1>
      <p role="status">This page cannot be shown right now. It tries again by itself every few seconds; your changes stay.</p>
      <button className={`${controls.button} ${controls.primary}`} type="button" onClick={() => void tryAgain()}>
        Try now
      </button>
    </div>
  );
}
