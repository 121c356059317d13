"use client";

import { type RefObject, type SubmitEvent, useEffect, useState } from "react";
import { TITLE_MAX_LENGTH } from "@/browser/api";
import { sayDue, type WallClock } from "@/browser/calendar";
import type { ListQuery } from "@/browser/list-query";
import { parseQuickAdd, type QuickAdd } from "@/browser/quick-add";
import { useBoard, useUserId, useWallClock } from "@/browser/use-board";
import { useUnsaved } from "@/browser/use-unsaved";
import { PRIORITY_WORDS } from "@/browser/words";
import controls from "@/components/controls.module.css";
import { Icon } from "@/components/icon";
import styles from "../tasks.module.css";

const LINE_MAX_LENGTH = 400;
const TAGS_MAX = 10;
const SPEAK_AFTER_MS = 900;

interface QuickAddFormProps {
  input: RefObject<HTMLInputElement | null>;
  /** The list above which the form stands: what is added there belongs there. */
  query: ListQuery;
}

/** One line for a new task. It shows what it has understood, and keeps what was typed, also when the page is reloaded. */
export function QuickAddForm({ input, query }: QuickAddFormProps) {
  const { board } = useBoard();
  const { writings } = useUnsaved();
  const draftName = `quick-add-draft ${useUserId()}`; // the next user of the tab is not to read it
  const now = useWallClock();
  const [line, setLine] = useState("");
  const [error, setError] = useState<string | null>(null);
  const understood = now === null ? null : inContext(parseQuickAdd(line, now), query, now);
  const words = understood === null || now === null || line.trim() === "" ? [] : wordsOf(understood, now);

  useEffect(() => {
    // Only the browser knows.
    // eslint-disable-next-line react-hooks/set-state-in-effect
    setLine(window.sessionStorage.getItem(draftName) ?? "");
  }, [draftName]);

  function write(text: string) {
    setLine(text);
    setError(null);
    window.sessionStorage.setItem(draftName, text);
  }

  async function submit(event: SubmitEvent<HTMLFormElement>) {
    event.preventDefault();
    input.current?.focus();
    const problem = understood === null ? null : problemOf(understood);
    if (understood === null || problem !== null) {
      setError(problem);
      return;
    }
    write("");
    const draft = { ...understood, description: "" };
    const failure = await board.add(draft);
    if (failure === null) {
      return;
    }
    // Back where it was, unless the next one is being typed already.
    if (!window.sessionStorage.getItem(draftName)) {
      setLine(line);
      window.sessionStorage.setItem(draftName, line);
    } else {
      writings.keep({ draft }, failure.message);
    }
  }

  return (
    <form className={styles.add} noValidate onSubmit={submit}>
      <label className={controls.visuallyHidden} htmlFor="new-task">
        New task
      </label>
      <input
        ref={input}
        id="new-task"
        className={controls.input}
        placeholder="Buy milk !high #home tomorrow 18:00"
        autoComplete="off"
        enterKeyHint="done"
        maxLength={LINE_MAX_LENGTH}
        value={line}
        onChange={(event) => {
          write(event.target.value);
        }}
        onKeyDown={(event) => {
          if (event.key === "Escape") {
            write("");
          }
        }}
        aria-invalid={error !== null}
        aria-describedby={error === null ? "new-hint" : "new-error"}
      />
      <button className={`${controls.button} ${controls.primary}`} type="submit">
        <Icon name="plus" />
        Add
      </button>
      {error !== null ? (
        <p className={`${controls.error} ${styles.understood}`} id="new-error" role="alert">
          {error}
        </p>
      ) : (
        <div className={styles.understood} id="new-hint">
          {words.length === 0 ? (
            <p className={controls.hint}>
              Add <code>!high</code>, <code>#tag</code>, a day or a time; a <code>\</code> before a word keeps it as it is.
            </p>
          ) : (
            <ul className={styles.chips} aria-label="Understood">
              {words.map(({ text, kind }) => (
                <li key={text} className={styles.chip} data-kind={kind}>
                  {text}
                </li>
              ))}
            </ul>
          )}
        </div>
      )}
      <Spoken text={words.map(({ text }) => text).join(", ")} />
    </form>
  );
}

/** Says what was understood to those who do not see it, once typing pauses. */
function Spoken({ text }: { text: string }) {
  const [spoken, setSpoken] = useState("");
  useEffect(() => {
    const timer = setTimeout(() => {
      setSpoken(text);
    }, SPEAK_AFTER_MS);
    return () => {
      clearTimeout(timer);
    };
  }, [text]);
  return (
    <p className={controls.visuallyHidden} role="status">
      {spoken}
    </p>
  );
}

/** What is written above a list of today or of a tag is due today or has the tag, unless it says otherwise. */
function inContext(understood: QuickAdd, { view, tag, priority }: ListQuery, now: WallClock): QuickAdd {
  return {
    ...understood,
    due: understood.due ?? (view === "today" ? { date: now.day, time: null } : null),
    tags: tag === null || understood.tags.includes(tag) ? understood.tags : [...understood.tags, tag],
    priority: understood.priority === "none" ? (priority ?? "none") : understood.priority,
  };
}

function problemOf({ title, tags }: QuickAdd): string | null {
  if (title === "") {
    return "Write what there is to do.";
  }
  if (title.length > TITLE_MAX_LENGTH) {
    return `A title has ${TITLE_MAX_LENGTH} characters at most; this one has ${title.length}.`;
  }
  return tags.length > TAGS_MAX ? `A task has ${TAGS_MAX} tags at most.` : null;
}

function wordsOf({ priority, tags, due }: QuickAdd, now: WallClock): { text: string; kind: string }[] {
  return [
    ...(due === null ? [] : [{ text: sayDue(due, now.day), kind: "due" }]),
    ...(priority === "none" ? [] : [{ text: PRIORITY_WORDS[priority], kind: priority }]),
    ...tags.map((tag) => ({ text: `#${tag}`, kind: "tag" })),
  ];
}
