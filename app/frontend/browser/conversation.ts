import type { components, paths } from "./api-types";
import type { Task } from "./api";
import type { WallClock } from "./calendar";
import type { AssistantEvent } from "./events";
import { randomId } from "./random-id";

/** A change that an answer made; undone with what was before. */
export interface Change {
  action: components["schemas"]["Action"];
  title: string;
  /** What is needed to undo it; an older version of the server did not keep it. */
  undo: { task: Task; before: Task | null } | null;
  isUndone: boolean;
}

/** A deletion that waits for the user's click, which sends its token; `null` once that is decided. */
export interface Question {
  task: Task;
  token: string | null;
  outcome: string | null;
  /** The click is on its way to the server. */
  isBusy: boolean;
  /** The task is deleted, and can be brought back. */
  isDeleted: boolean;
}

/** One thing that was said in a conversation, and what came with it. */
export interface Utterance {
  key: string;
  role: "user" | "assistant";
  text: string;
  changes: Change[];
  found: Task[];
  questions: Question[];
  problem: string | null;
  isStopped: boolean;
}

/** A conversation that the server has, or one that the next words begin. Its id is known either way. */
export interface Talk {
  id: string;
  isBegun: boolean;
}

export const newTalk = (): Talk => ({ id: randomId(), isBegun: false });

type Call = paths["/api/assistant/messages"]["post"];

/** What is sent to say something, as the API has it. */
interface Saying {
  params: { header: NonNullable<Call["parameters"]["header"]> };
  body: Call["requestBody"]["content"]["application/json"];
}

/**
 * What is sent to say something. A conversation that may not be there yet goes into a header: the server begins it under
 * that id, so that it is found again where nothing of the answer was heard; and so is the answer, by the message's id.
 */
export function saying(messageId: string, text: string, { id, isBegun }: Talk, { day, time }: WallClock): Saying {
  return {
    params: { header: { "Message-ID": messageId, ...(!isBegun && { "Conversation-ID": id }) } },
    body: { text, conversation_id: isBegun ? id : null, today: day, time },
  };
}

export const ACTION_WORDS: Record<Change["action"], string> = {
  added: "Added",
  completed: "Done",
  reopened: "To do again",
  updated: "Changed",
};

export const utterance = (key: string, role: Utterance["role"], text: string): Utterance => ({
  ...{ key, role, text, changes: [], found: [], questions: [], problem: null, isStopped: false },
});

/** What an answer is after one more event. */
export function heard(answer: Utterance, event: AssistantEvent): Utterance {
  switch (event.type) {
    case "text":
      return { ...answer, text: answer.text + event.text };
    case "changed": {
      const { action, task, before } = event;
      const change: Change = { action, title: task.title, undo: { task, before }, isUndone: false };
      return { ...answer, changes: [...answer.changes, change] };
    }
    case "found":
      return { ...answer, found: [...answer.found, ...event.tasks] };
    case "confirm_delete":
      return {
        ...answer,
        questions: [...answer.questions, { task: event.task, token: event.token, outcome: null, isBusy: false, isDeleted: false }],
      };
    case "error":
      return { ...answer, problem: event.detail };
    case "started":
    case "done":
      return answer;
  }
}

/** A conversation of before, as it was kept. */
export function remembered({ messages }: components["schemas"]["Conversation"]): Utterance[] {
  return messages.map(({ id, role, text, changes, stopped }) => ({
    ...utterance(id, role, text),
    changes: changes.map(({ action, title, task, before }) => ({
      ...{ action, title, isUndone: false },
      undo: task ? { task, before } : null, // a server of the version before says nothing of it
    })),
    isStopped: stopped,
  }));
}

/**
 * An answer that was stopped, with the changes that were made all the same: the server makes one that it has begun, and
 * keeps the answer after that, with the question's id. `null` where it has not yet, or never heard the question.
 */
export function caughtUp(answer: Utterance, messageId: string, conversation: components["schemas"]["Conversation"]): Utterance | null {
  const kept = remembered(conversation)[conversation.messages.findIndex(({ answers }) => answers === messageId)];
  return kept === undefined ? null : { ...answer, changes: [...answer.changes, ...kept.changes.slice(answer.changes.length)] };
}
