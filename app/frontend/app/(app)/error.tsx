"use client";

import { useRecovery } from "@/browser/use-recovery";
import controls from "@/components/controls.module.css";
import styles from "./error.module.css";

/** In the place of a page that could not be rendered. All around it stays, with the changes that wait for the server. */
export default function PageError({ retry }: { retry: () => void }) {
  const tryNow = useRecovery(retry);
  return (
    <div className={styles.error}>
      <h1>One moment</h1>
      <p role="status">This page cannot be shown right now. It tries again by itself every few seconds; your changes stay.</p>
      <button className={`${controls.button} ${controls.primary}`} type="button" onClick={tryNow}>
        Try now
      </button>
    </div>
  );
}
