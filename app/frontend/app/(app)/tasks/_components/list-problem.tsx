"use client";

import { useState } from "react";
import { useBoard } from "@/browser/use-board";
import controls from "@/components/controls.module.css";
import styles from "../tasks.module.css";

/** Why a list could not be had: in its place, or above what is shown of it from before, until it is there. */
export function ListProblem({ words }: { words: string }) {
  const { board } = useBoard();
  const [isTrying, setIsTrying] = useState(false);

  /** The button stays until the list is there, and with it the focus. */
  async function tryAgain() {
    if (!isTrying) {
      setIsTrying(true);
      await board.refresh();
      setIsTrying(false);
    }
  }

  return (
    <section className={styles.empty}>
      <div role="alert">
        <h2>This list cannot be loaded right now</h2>
        <p>{isTrying ? "Trying again." : `${words} This page tries again by itself.`}</p>
      </div>
      <button
        className={`${controls.button} ${controls.quiet}`}
        type="button"
        aria-busy={isTrying}
        onClick={() => {
          void tryAgain();
        }}
      >
        Try again
      </button>
    </section>
  );
}
