"use client";

import type { Cluster } from "@/browser/use-cluster";
import controls from "@/components/controls.module.css";
import styles from "../cluster.module.css";

interface LoadPanelProps {
  load: Cluster["load"];
  /** Why the last click led to nothing. */
  refusal: string | null;
  now: number;
  onBegin: () => Promise<void>;
  onEnd: () => Promise<void>;
}

/** Makes load for a minute, and shows who bore it. */
export function LoadPanel({ load, refusal, now, onBegin, onEnd }: LoadPanelProps) {
  const isRunning = load?.running === true;
  const isOthers = isRunning && !load.mine;
  const left = isRunning ? Math.max(0, Math.ceil((Date.parse(load.ends_at) - now) / 1000)) : 0;
  const answered = Object.entries(load?.answered ?? {}).sort(([one], [other]) => one.localeCompare(other));
  const most = Math.max(1, ...answered.map(([, count]) => count));
  return (
    <section className={controls.card} aria-labelledby="load">
      <h2 id="load">Load</h2>
      <p className={styles.soft}>
        The backend asks itself for your tasks again and again, for a minute. Watch the autoscaler add pods, and take them
        away again some minutes later.
      </p>
      <div className={`${controls.actions} ${styles.load}`}>
        {/* One button in both cases, so that the focus stays where it is. */}
        <button
          className={`${controls.button} ${isRunning ? controls.quiet : controls.primary}`}
          type="button"
          aria-disabled={isOthers} // not `disabled`, which drops the focus
          onClick={() => {
            if (!isOthers) {
              void (isRunning ? onEnd() : onBegin());
            }
          }}
        >
          {isRunning ? "End the load" : "Make load for a minute"}
        </button>
        <span role="status">
          {isRunning ? (isOthers ? "Someone else makes load at the moment" : "Load is being made") : refusal}
        </span>
        {isRunning && <span aria-hidden="true">{left} s left</span>}
      </div>
      {answered.length > 0 && (
        <ul className={styles.lanes} aria-label="Requests that were answered, by pod">
          {answered.map(([pod, count]) => (
            <li key={pod}>
              <code title={pod}>{pod.split("-").at(-1)}</code>
              <svg className={styles.lane} viewBox="0 0 400 16" preserveAspectRatio="none" aria-hidden="true" focusable="false">
                <rect className={styles.mark} x="0" y="2" width={(count / most) * 400} height="12" rx="2" />
              </svg>
              <span className={styles.number}>{count}</span>
            </li>
          ))}
        </ul>
      )}
    </section>
  );
}
