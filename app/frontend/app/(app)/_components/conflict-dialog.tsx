"use client";

import { useEffect, useRef } from "react";
import type { Task, TaskChanges } from "@/browser/api";
import type { Conflict } from "@/browser/board-state";
import { sayDue, wallClock } from "@/browser/calendar";
import { useBoard } from "@/browser/use-board";
import { useUnsaved } from "@/browser/use-unsaved";
import { PRIORITY_WORDS } from "@/browser/words";
import controls from "@/components/controls.module.css";
import styles from "./conflict-dialog.module.css";

const NAMES = ["title", "description", "priority", "tags", "due", "done"] as const;
const LABELS = { title: "Title", description: "Note", priority: "Priority", tags: "Tags", due: "Due", done: "Done" };

/**
 * Two edits of one task met: shows both, and lets the user choose. Nothing is overwritten before that, and whoever leaves
 * without a choice, as with Escape, finds the own edit under what is not saved.
 */
export default function ConflictDialog({ conflict: { opened, mine, theirs } }: { conflict: Conflict }) {
  const { board } = useBoard();
  const { writings } = useUnsaved();
  const dialog = useRef<HTMLDialogElement>(null);

  useEffect(() => {
    dialog.current?.showModal();
  }, []);

  const choose = (choice: "mine" | "theirs") => {
    dialog.current?.close();
    void board.resolve(choice);
  };
  const decideLater = () => {
    writings.keep(board.toKeep(opened, mine), "It was changed elsewhere; try again to choose between the two.");
    choose("theirs");
  };
  const differing = NAMES.filter((name) => words(theirs, name) !== words(opened, name) || mine[name] !== undefined);
  return (
    <dialog
      className={`${controls.dialog} ${styles.dialog}`}
      ref={dialog}
      aria-labelledby="conflict-title"
      onCancel={(event) => {
        event.preventDefault();
        decideLater();
      }}
    >
      <h2 id="conflict-title">“{opened.title}” was changed elsewhere</h2>
      <p>While you were editing it, another tab or device changed this task. Yours is not saved yet.</p>
      <div className={styles.scroll} tabIndex={0} role="group" aria-label="The two edits">
        <table className={styles.table}>
          <thead>
            <tr>
              <td />
              <th scope="col">Theirs</th>
              <th scope="col">Yours</th>
            </tr>
          </thead>
          <tbody>
            {differing.map((name) => (
              <tr key={name}>
                <th scope="row">{LABELS[name]}</th>
                <td>{words(theirs, name)}</td>
                <td>{mine[name] === undefined ? "as theirs" : words({ ...opened, ...mine }, name)}</td>
              </tr>
            ))}
          </tbody>
        </table>
      </div>
      <div className={styles.actions}>
        <button
          className={`${controls.button} ${controls.primary}`}
          type="button"
          autoFocus
          onClick={() => {
            choose("mine");
          }}
        >
          Save mine over it
        </button>
        <button
          className={`${controls.button} ${controls.quiet}`}
          type="button"
          onClick={() => {
            choose("theirs");
          }}
        >
          Keep theirs
        </button>
        <button className={`${controls.button} ${controls.quiet}`} type="button" onClick={decideLater}>
          Decide later
        </button>
      </div>
    </dialog>
  );
}

function words(task: Pick<Task, keyof TaskChanges>, name: (typeof NAMES)[number]): string {
  switch (name) {
    case "priority":
      return PRIORITY_WORDS[task.priority];
    case "tags":
      return task.tags.map((tag) => `#${tag}`).join(" ") || "none";
    case "due":
      return task.due === null ? "none" : sayDue(task.due, wallClock(new Date()).day);
    case "done":
      return task.done ? "yes" : "no";
    default:
      return task[name] || "none";
  }
}
