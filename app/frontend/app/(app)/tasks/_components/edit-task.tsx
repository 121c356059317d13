"use client";

import { type KeyboardEvent, type SubmitEvent, useId, useState } from "react";
import type { Failure } from "@/browser/failure";
import { DESCRIPTION_MAX_LENGTH, type Task, type TaskDraft, TITLE_MAX_LENGTH } from "@/browser/tasks";
import controls from "@/components/controls.module.css";
import { TextField } from "@/components/text-field";
import styles from "../tasks.module.css";

interface EditTaskProps {
  task: Task;
  onSave: (draft: TaskDraft) => Promise<Failure | null>;
  onCancel: () => void;
}

/** The form that stands in a task's place while it is edited; Escape leaves it. */
export function EditTask({ task, onSave, onCancel }: EditTaskProps) {
  const id = useId();
  const [error, setError] = useState<string>();
  const [isBusy, setIsBusy] = useState(false);

  async function submit(event: SubmitEvent<HTMLFormElement>) {
    event.preventDefault();
    if (isBusy) {
      return;
    }
    const data = new FormData(event.currentTarget);
    const title = ((data.get("title") as string | null) ?? "").trim();
    const description = ((data.get("description") as string | null) ?? "").trim();
    if (title === "") {
      setError("A task needs a title.");
      return;
    }
    setIsBusy(true);
    setError(undefined);
    const failure = await onSave({ title, description });
    if (failure !== null) {
      setIsBusy(false);
      setError(failure.kind === "away" ? "Not saved yet: the server is away. Save again once it is back." : failure.message);
    }
  }

  return (
    <form
      className={styles.edit}
      aria-label={`Edit “${task.title}”`}
      noValidate
      onSubmit={submit}
      onKeyDown={(event: KeyboardEvent) => {
        if (event.key === "Escape") {
          onCancel();
        }
      }}
    >
      <TextField
        id={`${id}-title`}
        name="title"
        label="Title"
        defaultValue={task.title}
        maxLength={TITLE_MAX_LENGTH}
        autoComplete="off"
        autoFocus
        error={error}
      />
      <div className={controls.field}>
        <label className={controls.label} htmlFor={`${id}-description`}>
          Note
        </label>
        <textarea
          id={`${id}-description`}
          name="description"
          className={controls.input}
          defaultValue={task.description}
          maxLength={DESCRIPTION_MAX_LENGTH}
          rows={2}
        />
      </div>
      <div className={styles.confirm}>
        <button className={`${controls.button} ${controls.primary}`} type="submit" aria-busy={isBusy}>
          Save
        </button>
        <button className={`${controls.button} ${controls.quiet}`} type="button" onClick={onCancel}>
          Cancel
        </button>
      </div>
    </form>
  );
}
