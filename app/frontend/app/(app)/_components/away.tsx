"use client";

import { useBoard } from "@/browser/use-board";
import styles from "./away.module.css";

/** Says that the server is away, while it is; and where the list is `covered`, what would stand in its place. */
export function Away({ covered = false }: { covered?: boolean }) {
  const { isAway, isSignedOut, listProblem, pending } = useBoard();
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
      {covered && listProblem !== null && !isAway && !isSignedOut && (
        <p className={styles.away}>The list of tasks cannot be loaded right now. {listProblem}</p>
      )}
    </div>
  );
}
