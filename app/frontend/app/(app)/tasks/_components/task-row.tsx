"use client";

import { type RefObject, useEffect, useRef, useState } from "react";
import { flushSync } from "react-dom";
import type { Task, TaskChanges } from "@/browser/api";
import { isOverdue, sayDue, type WallClock } from "@/browser/calendar";
import { listAddress, withTag } from "@/browser/list-query";
import { useBoard } from "@/browser/use-board";
import { useUnsaved } from "@/browser/use-unsaved";
import { PRIORITY_WORDS } from "@/browser/words";
import controls from "@/components/controls.module.css";
import { Icon } from "@/components/icon";
import { ListLink } from "../../_components/list-link";
import styles from "../tasks.module.css";
import { TaskEditor } from "./task-editor";

interface TaskRowProps {
  task: Task;
  now: WallClock;
  /** Has the focus when the last row is gone. */
  fallback: RefObject<HTMLElement | null>;
}

/** One task: to be read, or being edited. */
export function TaskRow({ task, now, fallback }: TaskRowProps) {
  const { board, pending } = useBoard();
  const { writings } = useUnsaved();
  const [edited, setEdited] = useState<{ task: Task; draft: Task; problem?: string; takesFocus: boolean } | null>(null);
  const row = useRef<HTMLLIElement>(null);
  const editButton = useRef<HTMLButtonElement>(null);
  const key = board.keyOf(task.id);

  // Whoever leaves the list leaves its forms.
  useEffect(
    () => () => {
      board.release(key);
    },
    [board, key],
  );

  /** Back to reading, with the focus on the button that led away from it. */
  function leave() {
    flushSync(() => {
      setEdited(null);
    });
    editButton.current?.focus();
  }

  async function save(opened: Task, changes: TaskChanges) {
    leave();
    const failure = Object.keys(changes).length === 0 ? null : await board.edit(opened, changes);
    if (failure === null || failure.kind === "changed") {
      board.release(key);
    } else if (row.current === null) {
      writings.keep(board.toKeep(opened, changes), failure.message); // the list was left meanwhile
    } else {
      // What was typed comes back, with the reason; the focus with it, unless something else is being typed by now.
      const focused = document.activeElement;
      const takesFocus = focused === document.body || row.current.contains(focused);
      setEdited({ task: opened, draft: { ...opened, ...changes }, problem: failure.message, takesFocus });
    }
  }

  function cancel() {
    leave();
    board.release(key);
  }

  function remove() {
    // The focus must not be lost with the row.
    const neighbour = row.current?.nextElementSibling ?? row.current?.previousElementSibling;
    (neighbour?.querySelector<HTMLElement>("input, button") ?? fallback.current)?.focus();
    void board.remove(task);
  }

  if (edited !== null) {
    return (
      <li className={styles.row} ref={row} data-task>
        <TaskEditor
          opened={edited.task}
          draft={edited.draft}
          problem={edited.problem}
          takesFocus={edited.takesFocus}
          onCancel={cancel}
          onSave={(changes) => void save(edited.task, changes)}
        />
      </li>
    );
  }

  return (
    <li className={styles.row} ref={row} data-task data-done={task.done} data-pending={pending.has(task.id)}>
      <label className={styles.task} data-priority={task.priority}>
        <input
          className={styles.tick}
          type="checkbox"
          checked={task.done}
          onChange={(event) => void board.tick(task, event.target.checked)}
        />
        <span className={styles.title} dir="auto">
          {task.title}
        </span>
      </label>
      <div className={styles.actions}>
        <button
          ref={editButton}
          className={controls.iconButton}
          type="button"
          data-edit
          aria-label={`Edit “${task.title}”`}
          onClick={() => {
            board.hold(key);
            setEdited({ task, draft: task, takesFocus: true });
          }}
        >
          <Icon name="edit" />
        </button>
        <button className={controls.iconButton} type="button" data-delete aria-label={`Delete “${task.title}”`} onClick={remove}>
          <Icon name="delete" />
        </button>
      </div>
      <Details task={task} now={now} />
    </li>
  );
}

function Details({ task: { due, done, priority, tags, description }, now }: { task: Task; now: WallClock }) {
  const isLate = due !== null && !done && isOverdue(due, now);
  return (
    <>
      {description !== "" && (
        <p className={styles.description} dir="auto">
          {description}
        </p>
      )}
      {(due !== null || priority !== "none" || tags.length > 0) && (
        <ul className={styles.details} aria-label="Details">
          {due !== null && (
            <li className={styles.due} data-late={isLate}>
              <Icon name={isLate ? "overdue" : "today"} />
              {isLate && "Overdue: "}
              {sayDue(due, now.day)}
            </li>
          )}
          {priority !== "none" && (
            <li className={styles.priority} data-kind={priority}>
              {PRIORITY_WORDS[priority]}
            </li>
          )}
          {tags.map((tag) => (
            <li key={tag}>
              <ListLink className={styles.tag} href={listAddress(withTag(tag))}>
                #{tag}
              </ListLink>
            </li>
          ))}
        </ul>
      )}
    </>
  );
}
