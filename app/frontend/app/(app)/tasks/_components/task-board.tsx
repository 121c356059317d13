"use client";

import Link from "next/link";
import { useSearchParams } from "next/navigation";
import { type RefObject, useEffect, useMemo, useRef, useState } from "react";
import type { Task } from "@/browser/api";
import { listTitle, readListQuery } from "@/browser/list-query";
import { useBoard, useWallClock } from "@/browser/use-board";
import controls from "@/components/controls.module.css";
import styles from "../tasks.module.css";
import { EmptyState } from "./empty-state";
import { Filters } from "./filters";
import { ListProblem } from "./list-problem";
import { QuickAddForm } from "./quick-add-form";
import { TaskRow } from "./task-row";
import { UnsavedList } from "./unsaved-list";

/** The list that the page's address names, and all that can be done with its tasks. */
export function TaskBoard() {
  const { board, tasks, nextCursor, isLoading, listProblem, isSignedOut, counts, query } = useBoard();
  const now = useWallClock();
  const parameters = useSearchParams();
  const wanted = useMemo(() => readListQuery(new URLSearchParams(parameters)), [parameters]);
  const newTask = useRef<HTMLInputElement>(null);
  const title = listTitle(wanted);

  useEffect(() => {
    void board.show(wanted);
  }, [board, wanted]);

  // The server writes the first one; from list to list it is not asked.
  useEffect(() => {
    document.title = `${title} · Todo`;
  }, [title]);

  const isThere = listProblem === null && !isSignedOut;
  const isEmptyEverywhere = counts?.all === 0 && tasks?.length === 0 && isThere;
  useEffect(() => {
    if (isEmptyEverywhere) {
      void board.offerSamples(); // which the server does once in an account's life
    }
  }, [board, isEmptyEverywhere]);

  const samples = tasks?.filter(({ sample }) => sample).length ?? 0;
  return (
    <div className={styles.board}>
      <header className={styles.heading}>
        <h1>{title}</h1>
        <p className={styles.summary} role="status">
          {tasks !== undefined && !isLoading && isThere ? summaryOf(tasks, nextCursor) : " "}
        </p>
      </header>
      <QuickAddForm input={newTask} query={wanted} />
      <Filters query={wanted} />

      {samples > 0 && (
        <p className={styles.samples}>
          <span>These sample tasks are for trying things on.</span>
          <button
            className={`${controls.button} ${controls.quiet} ${controls.small}`}
            type="button"
            onClick={() => {
              newTask.current?.focus();
              void board.removeSamples();
            }}
          >
            Remove the samples
          </button>
        </p>
      )}
      {isSignedOut && (
        <p className={styles.notice} role="alert">
          <span>
            Your session has ended. <Link href="/sign-in">Sign in again</Link> to go on.
          </span>
        </p>
      )}

      <UnsavedList />
      {listProblem !== null && !isSignedOut && <ListProblem words={listProblem} />}
      {tasks === undefined && isThere && <Placeholder />}
      {tasks?.length === 0 && !isLoading && isThere && <EmptyState query={query} />}
      {tasks !== undefined && tasks.length > 0 && now !== null && (
        <ul className={styles.list} aria-label="Tasks" aria-busy={isLoading}>
          {tasks.map((task) => (
            <TaskRow key={board.keyOf(task.id)} task={task} now={now} fallback={newTask} />
          ))}
        </ul>
      )}
      {nextCursor !== null && <MoreButton list={newTask} />}
    </div>
  );
}

function summaryOf(tasks: Task[], nextCursor: string | null): string {
  const done = tasks.filter((task) => task.done).length;
  const counted = nextCursor === null ? String(tasks.length) : `The first ${tasks.length}`;
  const words = tasks.length === 1 && nextCursor === null ? "1 task" : `${counted} tasks`;
  return tasks.length === 0 ? "No tasks" : words + (done > 0 && done < tasks.length ? `, ${done} of them done` : "");
}

function MoreButton({ list }: { list: RefObject<HTMLElement | null> }) {
  const { board } = useBoard();
  const [isBusy, setIsBusy] = useState(false);
  return (
    <button
      className={`${controls.button} ${controls.quiet}`}
      type="button"
      aria-busy={isBusy}
      onClick={async (event) => {
        if (isBusy) {
          return;
        }
        const button = event.currentTarget;
        const lastRow = document.querySelector("[data-task]:last-child");
        setIsBusy(true);
        await board.more();
        setIsBusy(false);
        if (!button.isConnected) {
          // The focus goes on with the first of the new tasks, not back to the top.
          (lastRow?.nextElementSibling?.querySelector("input") ?? list.current)?.focus();
        }
      }}
    >
      Show more
    </button>
  );
}

function Placeholder() {
  return (
    <div role="status">
      <span className={controls.visuallyHidden}>Loading your tasks</span>
      <ul className={styles.list} aria-hidden="true">
        {["a", "b", "c", "d"].map((key) => (
          <li key={key} className={styles.placeholder} />
        ))}
      </ul>
    </div>
  );
}
