"use client";

import { type KeyboardEvent, type ReactNode, type SubmitEvent, useEffect, useRef, useState } from "react";
import { sayDue, wallClock } from "@/browser/calendar";
import { ACTION_WORDS, type Utterance } from "@/browser/conversation";
import { useAssistant } from "@/browser/use-assistant";
import { useBoard } from "@/browser/use-board";
import controls from "@/components/controls.module.css";
import { Icon } from "@/components/icon";
import styles from "./assistant.module.css";

const MESSAGE_MAX_LENGTH = 2000;
const EXAMPLES = ["Add buy bread tomorrow at 9", "What is due today?", "Complete buy bread"];
interface AssistantProps {
  /** It covers the page, which says nothing meanwhile. */
  isModal: boolean;
  onClose: () => void;
  /** What the page would say. */
  children: ReactNode;
}

/** The assistant: plain words in, tasks changed, each change shown as it is made and with its undo. */
export default function Assistant({ isModal, onClose, children }: AssistantProps) {
  const { board } = useBoard();
  const { utterances, conversationId, earlier, by, isAnswering, isOpening, ...assistant } = useAssistant(board);
  const dialog = useRef<HTMLDialogElement>(null);
  const end = useRef<HTMLDivElement>(null);
  const input = useRef<HTMLTextAreaElement>(null);
  const [text, setText] = useState("");

  useEffect(() => {
    const shown = dialog.current;
    if (isModal) {
      shown?.showModal();
    } else {
      shown?.show();
    }
    input.current?.focus();
    // A hidden panel keeps its dialog, which must not hold the page.
    return () => {
      shown?.close();
    };
  }, [isModal]);

  useEffect(() => {
    end.current?.scrollIntoView({ block: "nearest" });
  }, [utterances]);

  function say(words: string) {
    const said = words.trim();
    if (said !== "" && !isAnswering && !isOpening) {
      setText("");
      void assistant.say(said).then((wasHeard) => {
        if (!wasHeard) {
          setText((typed) => (typed === "" ? said : typed));
        }
      });
    }
    input.current?.focus();
  }

  return (
    <dialog
      className={styles.panel}
      ref={dialog}
      aria-labelledby="assistant-title"
      onClose={(event) => {
        if (!event.currentTarget.open) {
          onClose();
        }
      }}
      onKeyDown={(event: KeyboardEvent) => {
        if (event.key === "Escape") {
          dialog.current?.close();
        }
      }}
    >
      <header className={styles.head}>
        <h2 id="assistant-title">Assistant</h2>
        <button className={controls.iconButton} type="button" aria-label="Close the assistant" onClick={() => dialog.current?.close()}>
          <Icon name="close" />
        </button>
      </header>
      <div className={styles.tools}>
        <label className={controls.visuallyHidden} htmlFor="conversation">
          Conversation
        </label>
        <select
          id="conversation"
          className={`${controls.select} ${controls.small}`}
          value={conversationId ?? ""}
          onChange={(event) => void assistant.open(event.target.value === "" ? null : event.target.value)}
        >
          <option value="">New conversation</option>
          {earlier.map(({ id, title }) => (
            <option key={id} value={id}>
              {title}
            </option>
          ))}
        </select>
        {conversationId !== null && (
          <button
            className={controls.iconButton}
            type="button"
            aria-label="Forget this conversation"
            onClick={() => {
              input.current?.focus();
              void assistant.forget();
            }}
          >
            <Icon name="delete" />
          </button>
        )}
      </div>
      <div className={styles.log} role="log" aria-label="Conversation" aria-busy={isOpening} tabIndex={0}>
        {utterances.length === 0 && !isOpening && <Introduction by={by} onSay={say} />}
        {utterances.map((one, index) => (
          <Said
            key={one.key}
            utterance={one}
            isGrowing={isAnswering && index === utterances.length - 1}
            onUndo={(change) => {
              input.current?.focus();
              void assistant.undo(one, change);
            }}
            onDecide={(question, isWanted) => {
              input.current?.focus();
              void assistant.decide(one, question, isWanted);
            }}
          />
        ))}
        <div ref={end} />
      </div>
      <div className={styles.told}>{children}</div>
      <form
        className={styles.form}
        onSubmit={(event: SubmitEvent<HTMLFormElement>) => {
          event.preventDefault();
          say(text);
        }}
      >
        <label className={controls.visuallyHidden} htmlFor="assistant-message">
          Message
        </label>
        <textarea
          id="assistant-message"
          ref={input}
          className={controls.input}
          rows={1}
          maxLength={MESSAGE_MAX_LENGTH}
          placeholder="Say what to do"
          value={text}
          onChange={(event) => {
            setText(event.target.value);
          }}
          onKeyDown={(event) => {
            if (event.key === "Enter" && !event.shiftKey && !event.nativeEvent.isComposing) {
              event.preventDefault();
              say(text);
            }
          }}
        />
        {isAnswering ? (
          <button className={`${controls.button} ${controls.quiet}`} type="button" onClick={assistant.stop}>
            <Icon name="stop" />
            Stop
          </button>
        ) : (
          <button className={`${controls.button} ${controls.primary}`} type="submit">
            <Icon name="send" />
            Send
          </button>
        )}
      </form>
    </dialog>
  );
}

function Introduction({ by, onSay }: { by: "model" | "rules" | null; onSay: (words: string) => void }) {
  return (
    <div className={styles.introduction}>
      <p>Say in plain words what to add, find, complete or change. Nothing is deleted without your own click.</p>
      {by === "rules" && (
        <p className={controls.hint}>No language model is set up, so simple rules answer. They like plain sentences:</p>
      )}
      <ul>
        {EXAMPLES.map((example) => (
          <li key={example}>
            <button
              className={`${controls.button} ${controls.quiet} ${controls.small}`}
              type="button"
              onClick={() => {
                onSay(example);
              }}
            >
              {example}
            </button>
          </li>
        ))}
      </ul>
    </div>
  );
}

interface SaidProps {
  utterance: Utterance;
  isGrowing: boolean;
  onUndo: (change: Utterance["changes"][number]) => void;
  onDecide: (question: Utterance["questions"][number], isWanted: boolean) => void;
}

function Said({ utterance: { role, text, changes, found, questions, problem, isStopped }, isGrowing, onUndo, onDecide }: SaidProps) {
  const today = wallClock(new Date()).day;
  return (
    <div className={styles.said} data-role={role}>
      <span className={controls.visuallyHidden}>{role === "user" ? "You:" : "Assistant:"}</span>
      {text !== "" && (
        <p className={styles.text} dir="auto">
          {text}
        </p>
      )}
      {isGrowing && text === "" && changes.length === 0 && (
        <p className={styles.thinking}>
          <span className={controls.visuallyHidden}>Thinking</span>
          <i aria-hidden="true" />
          <i aria-hidden="true" />
          <i aria-hidden="true" />
        </p>
      )}
      {found.length > 0 && (
        <ul className={styles.found}>
          {found.map(({ id, title, done, due }) => (
            <li key={id} data-done={done}>
              <span dir="auto">{title}</span>
              {due !== null && <small>{sayDue(due, today)}</small>}
            </li>
          ))}
        </ul>
      )}
      {changes.map((change, index) => (
        // In the order in which they were made, and never moved.
        <p key={index} className={styles.change} data-undone={change.isUndone}>
          <Icon name={change.action === "added" ? "plus" : change.action === "updated" ? "edit" : "done"} />
          <span>
            {ACTION_WORDS[change.action]} “{change.title}”{change.isUndone && " (undone)"}
          </span>
          {change.undo !== null && !change.isUndone && (
            <button
              className={styles.undo}
              type="button"
              onClick={() => {
                onUndo(change);
              }}
            >
              Undo
            </button>
          )}
        </p>
      ))}
      {questions.map((question) => (
        <div key={question.task.id} className={styles.question} role="group" aria-label={`Delete “${question.task.title}”?`}>
          <p>
            Delete “{question.task.title}”?{question.outcome !== null && <strong> {question.outcome}</strong>}
          </p>
          {question.isDeleted && (
            <button
              className={`${controls.button} ${controls.quiet} ${controls.small}`}
              type="button"
              onClick={() => {
                onDecide(question, false);
              }}
            >
              Undo
            </button>
          )}
          {question.outcome === null && (
            <div className={styles.choices}>
              <button
                className={`${controls.button} ${controls.danger} ${controls.small}`}
                type="button"
                disabled={question.isBusy}
                onClick={() => {
                  onDecide(question, true);
                }}
              >
                Delete it
              </button>
              <button
                className={`${controls.button} ${controls.quiet} ${controls.small}`}
                type="button"
                disabled={question.isBusy}
                onClick={() => {
                  onDecide(question, false);
                }}
              >
                Keep it
              </button>
            </div>
          )}
        </div>
      ))}
      {problem !== null && <p className={controls.alert}>{problem}</p>}
      {isStopped && <p className={controls.hint}>Stopped. What was done until then stays.</p>}
    </div>
  );
}
