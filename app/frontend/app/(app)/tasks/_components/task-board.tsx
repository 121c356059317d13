"use client";

import Link from "next/link";
import { useRef, useState } from "react";
import { useTasks } from "@/browser/use-tasks";
import controls from "@/components/controls.module.css";
import styles from "../tasks.module.css";
import { AddTask } from "./add-task";
import { TaskRow } from "./task-row";

/** The whole of the task page that lives in the browser. */
export function TaskBoard() {
  const { tasks, nextCursor, failedTries, signedOut, message, loadMore, add, edit, tick, remove } = useTasks();
  const titleInput = useRef<HTMLInputElement>(null);
  const [isLoadingMore, setIsLoadingMore] = useState(false);

  const toDo = tasks?.filter((task) => !task.done).length ?? 0;
  const summary = nextCursor === null && tasks !== undefined && tasks.length > 0;

  return (
    <div className={styles.board}>
      <p className={styles.summary}>{summary ? `${toDo} to do, ${tasks.length - toDo} done` : " "}</p>
      <AddTask titleInput={titleInput} onAdd={add} />

      {signedOut && (
        <p className={styles.notice} role="alert">
          Your session has ended. <Link href="/sign-in">Sign in again</Link> to go on.
        </p>
      )}
      {failedTries > 0 && !signedOut && (
        <p className={styles.notice} role="status">
          <span className={styles.pulse} aria-hidden="true" />
          The server is away. This page tries again by itself; what you typed stays here.
        </p>
      )}
      {message?.isError === true && (
        <p className={controls.alert} role="alert">
          {message.text}
        </p>
      )}
      <p className={controls.visuallyHidden} role="status">
        {message?.isError === false && message.text}
      </p>

      {tasks === undefined && <Placeholder />}
      {tasks?.length === 0 && <EmptyState />}
      {tasks !== undefined && tasks.length > 0 && (
        <ul className={styles.list} aria-label="Tasks">
          {tasks.map((task) => (
            <TaskRow
              key={task.id}
              task={task}
              onTick={(done) => tick(task, done)}
              onEdit={(draft) => edit(task, draft)}
              onDelete={() => {
                // The focus must not be lost with the row.
                titleInput.current?.focus();
                return remove(task);
              }}
            />
          ))}
        </ul>
      )}
      {nextCursor !== null && (
        <button
          className={`${controls.button} ${controls.quiet}`}
          type="button"
          aria-busy={isLoadingMore}
          onClick={async () => {
            if (!isLoadingMore) {
              setIsLoadingMore(true);
              await loadMore();
              setIsLoadingMore(false);
            }
          }}
        >
          Show more
        </button>
      )}
    </div>
  );
}

function Placeholder() {
  return (
    <div role="status">
      <span className={controls.visuallyHidden}>Loading your tasks</span>
      <ul className={styles.list} aria-hidden="true">
        {["a", "b", "c"].map((key) => (
          <li key={key} className={styles.placeholder} />
        ))}
      </ul>
    </div>
  );
}

function EmptyState() {
  return (
    <section className={styles.empty}>
      <svg viewBox="0 0 120 84" aria-hidden="true" focusable="false">
        <rect className={styles.emptySheet} x="22" y="6" width="76" height="72" rx="10" />
        <path className={styles.emptyLine} d="M50 26h32M50 44h24M50 62h28" />
        <path className={styles.emptyTick} d="m33 26 3 3 6-7m-9 22 3 3 6-7m-9 22 3 3 6-7" />
      </svg>
      <h2>Nothing to do yet</h2>
      <p>Write your first task above. It is yours alone: nobody else sees it.</p>
    </section>
  );
}
