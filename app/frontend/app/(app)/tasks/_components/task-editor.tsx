"use client";

import { type KeyboardEvent, type SubmitEvent, useId, useState } from "react";
import { DESCRIPTION_MAX_LENGTH, type Task, type TaskChanges, TITLE_MAX_LENGTH } from "@/browser/api";
import { PRIORITIES } from "@/browser/list-query";
import { readTags } from "@/browser/tags";
import { PRIORITY_WORDS } from "@/browser/words";
import controls from "@/components/controls.module.css";
import { Problem } from "@/components/problem";
import { TextField } from "@/components/text-field";
import styles from "../tasks.module.css";

interface TaskEditorProps {
  /** As it was when editing began: what differs from it is a change. */
  opened: Task;
  /** What the fields hold at first. */
  draft: Task;
  /** Why the last try to save was refused. */
  problem: string | undefined;
  /** Whether the focus goes to the form. */
  takesFocus: boolean;
  onSave: (changes: TaskChanges) => void;
  onCancel: () => void;
}

type Problems = Partial<Record<"title" | "date" | "time" | "tags", string>>;

/** The form that stands in a task's place while it is edited; Escape leaves it. */
export function TaskEditor({ opened, draft, problem, takesFocus, onSave, onCancel }: TaskEditorProps) {
  const id = useId();
  const [problems, setProblems] = useState<Problems>({});

  function submit(event: SubmitEvent<HTMLFormElement>) {
    event.preventDefault();
    const form = event.currentTarget;
    const { edited, problems: found } = read(form);
    const [first] = Object.keys(found);
    if (first !== undefined) {
      setProblems(found);
      form.querySelector<HTMLElement>(`[name=${first}]`)?.focus();
      return;
    }
    onSave(changesOf(opened, edited));
  }

  return (
    <form
      className={styles.edit}
      aria-label={`Edit “${opened.title}”`}
      noValidate
      onSubmit={submit}
      onKeyDown={(event: KeyboardEvent) => {
        if (event.key === "Escape") {
          onCancel();
        }
      }}
    >
      <Problem words={problem ?? null} />
      <TextField
        id={`${id}-title`}
        name="title"
        label="Title"
        defaultValue={draft.title}
        maxLength={TITLE_MAX_LENGTH}
        autoComplete="off"
        autoFocus={takesFocus}
        error={problems.title}
      />
      <div className={controls.field}>
        <label className={controls.label} htmlFor={`${id}-description`}>
          Note
        </label>
        <textarea
          id={`${id}-description`}
          name="description"
          className={controls.input}
          defaultValue={draft.description}
          maxLength={DESCRIPTION_MAX_LENGTH}
          rows={2}
        />
      </div>
      <div className={styles.editGrid}>
        <TextField
          id={`${id}-date`}
          name="date"
          type="date"
          label="Due on"
          defaultValue={draft.due?.date}
          error={problems.date}
        />
        <TextField
          id={`${id}-time`}
          name="time"
          type="time"
          label="At"
          defaultValue={draft.due?.time ?? ""}
          error={problems.time}
        />
        <div className={controls.field}>
          <label className={controls.label} htmlFor={`${id}-priority`}>
            Priority
          </label>
          <select id={`${id}-priority`} name="priority" className={controls.select} defaultValue={draft.priority}>
            {PRIORITIES.map((priority) => (
              <option key={priority} value={priority}>
                {PRIORITY_WORDS[priority]}
              </option>
            ))}
          </select>
        </div>
        <TextField
          id={`${id}-tags`}
          name="tags"
          label="Tags"
          defaultValue={draft.tags.map((tag) => `#${tag}`).join(" ")}
          autoComplete="off"
          autoCapitalize="none"
          error={problems.tags}
        />
      </div>
      <div className={styles.editActions}>
        <button className={`${controls.button} ${controls.primary}`} type="submit">
          Save
        </button>
        <button className={`${controls.button} ${controls.quiet}`} type="button" onClick={onCancel}>
          Cancel
        </button>
      </div>
    </form>
  );
}

function read(form: HTMLFormElement): { edited: Required<TaskChanges>; problems: Problems } {
  const data = new FormData(form);
  // Half a date or time reads as none.
  const isHalf = (name: string) => (form.elements.namedItem(name) as HTMLInputElement).validity.badInput;
  const text = (name: string) => ((data.get(name) as string | null) ?? "").trim();
  const { tags, problem } = readTags(text("tags"));
  const date = text("date");
  const time = text("time");
  return {
    edited: {
      title: text("title"),
      description: text("description"),
      done: false,
      priority: PRIORITIES.find((priority) => priority === text("priority")) ?? "none",
      tags,
      due: date === "" ? null : { date, time: time === "" ? null : time },
    },
    problems: {
      ...(text("title") === "" && { title: "A task needs a title." }),
      ...(date === "" && time !== "" && { date: "A time needs a day." }),
      ...(isHalf("date") && { date: "Write the whole day, or none." }),
      ...(isHalf("time") && { time: "Write hours and minutes, or neither." }),
      ...(problem !== null && { tags: problem }),
    },
  };
}

/** What differs; whether the task is done is not for this form to say. */
function changesOf(opened: Task, edited: Required<TaskChanges>): TaskChanges {
  const names = ["title", "description", "priority", "tags", "due"] as const;
  const changed = names.filter((name) => JSON.stringify(opened[name]) !== JSON.stringify(edited[name]));
  return Object.fromEntries(changed.map((name) => [name, edited[name]]));
}
