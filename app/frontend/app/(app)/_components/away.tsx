"use client";

import { useBoard } from "@/browser/use-board";
import styles from "./away.module.css";

/** Says that the server is away, while it is. */
export function Away() {
  const { isAway, isSignedOut, pending } = useBoard();
  const waiting = pending.size === 1 ? "One change waits for it." : `${pending.size} changes wait for it.`;
  return (
    <div role="status">
      {isAway && !isSignedOut && (
        <p className={styles.away}>
          <span className={styles.pulse} aria-hidden="true" />
          <span>
            The server is away. This page tries again by itself; what you typed stays here.
            {pending.size > 0 && ` ${waiting}`}
          </span>
        </p>
      )}
    </div>
  );
}
