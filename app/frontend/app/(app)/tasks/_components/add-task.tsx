"use client";

import { type RefObject, type SubmitEvent, useRef, useState } from "react";
import type { Failure } from "@/browser/failure";
import { DESCRIPTION_MAX_LENGTH, type TaskDraft, TITLE_MAX_LENGTH } from "@/browser/tasks";
import controls from "@/components/controls.module.css";
import styles from "../tasks.module.css";

interface AddTaskProps {
  titleInput: RefObject<HTMLInputElement | null>;
  onAdd: (draft: TaskDraft) => Promise<Failure | null>;
}

/** The form for a new task; keeps what was typed until the server has it. */
export function AddTask({ titleInput, onAdd }: AddTaskProps) {
  const form = useRef<HTMLFormElement>(null);
  const [hasNote, setHasNote] = useState(false);
  const [error, setError] = useState<string | null>(null);
  const [isBusy, setIsBusy] = useState(false);

  async function submit(event: SubmitEvent<HTMLFormElement>) {
    event.preventDefault();
    if (isBusy) {
      return;
    }
    const data = new FormData(event.currentTarget);
    const title = ((data.get("title") as string | null) ?? "").trim();
    const description = ((data.get("description") as string | null) ?? "").trim();
    titleInput.current?.focus();
    if (title === "") {
      setError("Write what there is to do.");
      return;
    }

    setIsBusy(true);
    setError(null);
    const failure = await onAdd({ title, description });
    setIsBusy(false);
    if (failure === null) {
      form.current?.reset();
      setHasNote(false);
    } else {
      setError(failure.kind === "away" ? "Not added yet: the server is away. Add it again once it is back." : failure.message);
    }
  }

  return (
    <form className={styles.add} ref={form} noValidate onSubmit={submit}>
      <label className={controls.visuallyHidden} htmlFor="new-title">
        New task
      </label>
      <input
        ref={titleInput}
        id="new-title"
        name="title"
        className={controls.input}
        placeholder="What needs doing?"
        autoComplete="off"
        maxLength={TITLE_MAX_LENGTH}
        aria-invalid={error !== null}
        aria-describedby={error === null ? undefined : "new-error"}
      />
      <button
        className={`${controls.button} ${controls.quiet}`}
        type="button"
        aria-expanded={hasNote}
        aria-controls="new-note"
        onClick={() => {
          setHasNote(!hasNote);
        }}
      >
        Note
      </button>
      <button className={`${controls.button} ${controls.primary}`} type="submit" aria-busy={isBusy}>
        Add
      </button>
      <div className={styles.addNote} id="new-note" hidden={!hasNote}>
        <label className={controls.label} htmlFor="new-description">
          Note
        </label>
        <textarea
          id="new-description"
          name="description"
          className={controls.input}
          maxLength={DESCRIPTION_MAX_LENGTH}
          rows={2}
        />
      </div>
      {error !== null && (
        <p className={`${controls.error} ${styles.addNote}`} id="new-error" role="alert">
          {error}
        </p>
      )}
    </form>
  );
}
