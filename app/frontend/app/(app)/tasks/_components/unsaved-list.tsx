"use client";

import type { Unsaved } from "@/browser/unsaved";
import { useBoard } from "@/browser/use-board";
import { useUnsaved } from "@/browser/use-unsaved";
import controls from "@/components/controls.module.css";
import styles from "./unsaved-list.module.css";

/** What was written here and not saved, each with the reason, to be tried again or let go. */
export function UnsavedList() {
  const { board } = useBoard();
  const { writings, kept } = useUnsaved();

  /** The button goes, and the focus must not go with it. */
  function take({ id }: Unsaved) {
    writings.drop(id);
    document.querySelector<HTMLElement>("#new-task")?.focus();
  }

  async function tryAgain(one: Unsaved) {
    take(one);
    const failure = await ("draft" in one ? board.add(one.draft) : board.edit(one.opened, one.changes));
    if (failure !== null && failure.kind !== "changed") {
      writings.keep(one, failure.message);
    }
  }

  if (kept.length === 0) {
    return null;
  }
  return (
    <section className={controls.card} aria-labelledby="unsaved">
      <div role="alert">
        <h2 id="unsaved">Not saved</h2>
      </div>
      <ul className={controls.field}>
        {kept.map((one) => (
          <li key={one.id} className={styles.item}>
            <div className={styles.text}>
              <p dir="auto">
                <strong>{titleOf(one)}</strong>
              </p>
              <p className={styles.note} dir="auto">
                {"draft" in one ? one.draft.description : one.changes.description}
              </p>
              <p className={controls.error}>{one.reason}</p>
            </div>
            <div className={controls.actions}>
              <button
                className={`${controls.button} ${controls.quiet} ${controls.small}`}
                type="button"
                aria-label={`Try again: “${titleOf(one)}”`}
                onClick={() => void tryAgain(one)}
              >
                Try again
              </button>
              <button
                className={`${controls.button} ${controls.quiet} ${controls.small}`}
                type="button"
                aria-label={`Discard “${titleOf(one)}”`}
                onClick={() => {
                  take(one);
                }}
              >
                Discard
              </button>
            </div>
          </li>
        ))}
      </ul>
    </section>
  );
}

const titleOf = (one: Unsaved): string => ("draft" in one ? one.draft.title : (one.changes.title ?? one.opened.title));
