"use client";

import { useRef, useState } from "react";
import { flushSync } from "react-dom";
import type { Failure } from "@/browser/failure";
import type { Task, TaskDraft } from "@/browser/tasks";
import controls from "@/components/controls.module.css";
import styles from "../tasks.module.css";
import { EditTask } from "./edit-task";

interface TaskRowProps {
  task: Task;
  onTick: (done: boolean) => Promise<Failure | null>;
  onEdit: (draft: TaskDraft) => Promise<Failure | null>;
  onDelete: () => Promise<Failure | null>;
}

/** One task: to be read, edited, or about to be deleted. */
export function TaskRow({ task, onTick, onEdit, onDelete }: TaskRowProps) {
  const [mode, setMode] = useState<"reading" | "editing" | "deleting">("reading");
  const editButton = useRef<HTMLButtonElement>(null);
  const deleteButton = useRef<HTMLButtonElement>(null);

  /** Back to reading, with the focus on the button that led away from it. */
  function leave(button: typeof editButton) {
    flushSync(() => {
      setMode("reading");
    });
    button.current?.focus();
  }

  if (mode === "editing") {
    return (
      <li className={styles.row}>
        <EditTask
          task={task}
          onCancel={() => {
            leave(editButton);
          }}
          onSave={async (draft) => {
            const failure = await onEdit(draft);
            if (failure === null) {
              leave(editButton);
            }
            return failure;
          }}
        />
      </li>
    );
  }

  return (
    <li className={styles.row} data-done={task.done}>
      <label className={styles.task}>
        <input
          className={styles.tick}
          type="checkbox"
          checked={task.done}
          onChange={(event) => void onTick(event.target.checked)}
        />
        <span className={styles.title}>{task.title}</span>
      </label>
      {task.description !== "" && <p className={styles.description}>{task.description}</p>}
      {mode === "deleting" ? (
        <div
          key="confirm" // not the other buttons under new names: the focus would be on Keep
          className={styles.confirm}
          role="group"
          aria-label={`Delete “${task.title}”?`}
          onKeyDown={(event) => {
            if (event.key === "Escape") {
              leave(deleteButton);
            }
          }}
        >
          <button className={`${controls.button} ${controls.danger}`} type="button" autoFocus onClick={() => void onDelete()}>
            Delete
          </button>
          <button
            className={`${controls.button} ${controls.quiet}`}
            type="button"
            onClick={() => {
              leave(deleteButton);
            }}
          >
            Keep
          </button>
        </div>
      ) : (
        <div key="actions" className={styles.actions}>
          <button
            ref={editButton}
            className={styles.iconButton}
            type="button"
            aria-label={`Edit “${task.title}”`}
            onClick={() => {
              setMode("editing");
            }}
          >
            <svg viewBox="0 0 24 24" aria-hidden="true" focusable="false">
              <path d="M4 20h4L19.5 8.5a2.12 2.12 0 0 0-3-3L5 17z" />
              <path d="m14.5 7.5 3 3" />
            </svg>
          </button>
          <button
            ref={deleteButton}
            className={styles.iconButton}
            type="button"
            aria-label={`Delete “${task.title}”`}
            onClick={() => {
              setMode("deleting");
            }}
          >
            <svg viewBox="0 0 24 24" aria-hidden="true" focusable="false">
              <path d="M4 7h16M9.5 7V4h5v3M6 7l1 13h10l1-13M10 11v5M14 11v5" />
            </svg>
          </button>
        </div>
      )}
    </li>
  );
}
