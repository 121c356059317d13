import { useCallback, useEffect, useRef, useState } from "react";
import { begun, client, dataOf, failureOf, type Task, taskApi, whole } from "./api";
import type { components } from "./api-types";
import type { Board } from "./board";
import { wallClock } from "./calendar";
import {
  caughtUp,
  type Change,
  heard,
  newTalk,
  type Question,
  remembered,
  saying,
  type Utterance,
  utterance,
} from "./conversation";
import { deleteAsked } from "./deletion";
import { readEvents } from "./events";
import { asFailure, unlessGone } from "./failure";
import { randomId } from "./random-id";

type Summary = components["schemas"]["ConversationSummary"];

const FORGOTTEN = "This conversation is no longer there: it was forgotten elsewhere.";
const BROKE_OFF = "The answer broke off. What was done until then stays.";
/** When to look what became of an answer that was stopped or broke off: a change that waits for others takes a while. */
const CATCH_UP_MS = [300, 1000, 3000, 8000];

/** A conversation with the assistant, and the earlier ones. What it changes shows on the board as it does. */
export function useAssistant(board: Board) {
  const [utterances, setUtterances] = useState<Utterance[]>([]);
  const [talk, setTalk] = useState(newTalk);
  const [earlier, setEarlier] = useState<Summary[]>([]);
  const [by, setBy] = useState<"model" | "rules" | null>(null);
  const [answering, setAnswering] = useState<AbortController | null>(null);
  const [isOpening, setIsOpening] = useState(false);
  const made = useRef(0);
  /** How often a conversation was opened: what comes for an earlier one comes too late. */
  const opened = useRef(0);
  /** What was said last, where the server may not have heard it: said again, it is heard once, and shown once. */
  const unheard = useRef<{ text: string; messageId: string; id: string; keys: string[] } | null>(null);
  /** Tokens of the questions that are being decided: a second click comes before the first one shows. */
  const deciding = useRef(new Set<string>());

  /** Reads the list of conversations, which may tell that the one that is open has begun. */
  const listEarlier = useCallback(async () => {
    const { items } = await dataOf(client.GET("/api/conversations"));
    setEarlier(items);
    setTalk((open) => (items.some(({ id }) => id === open.id) ? { ...open, isBegun: true } : open));
    return items;
  }, []);

  useEffect(() => {
    void quietly(board, async () => {
      setBy((await dataOf(client.GET("/api/assistant"))).by);
      await listEarlier();
    });
  }, [board, listEarlier]);

  const patch = (key: string, change: (utterance: Utterance) => Utterance) => {
    setUtterances((all) => all.map((one) => (one.key === key ? change(one) : one)));
  };

  const key = () => {
    made.current += 1;
    return `here-${made.current}`;
  };

  /** Says something; the answer fills in as it comes. Tells whether it was heard, as far as that is known. */
  async function say(text: string): Promise<boolean> {
    const [questionKey, answerKey] = [key(), key()];
    const again = unheard.current?.text === text ? unheard.current : null;
    const messageId = again?.messageId ?? randomId();
    unheard.current = null;
    setUtterances((all) => [
      ...all.filter((one) => again?.keys.includes(one.key) !== true),
      ...[utterance(questionKey, "user", text), utterance(answerKey, "assistant", "")],
    ]);
    const stop = new AbortController();
    setAnswering(stop);
    let { id } = talk;
    let hasBegun = false;
    let wasHeard = true;
    /** Whether the server may have done more than was heard here. */
    let isCut = false;
    try {
      const { data, response } = await whole(
        client.POST("/api/assistant/messages", {
          ...saying(messageId, text, talk, wallClock(new Date())),
          headers: { Accept: "text/event-stream" },
          parseAs: "stream",
          fetch: (request) => begun(request, stop.signal),
        }),
      );
      if (response.status === 429) {
        wasHeard = false;
        unheard.current = again && { ...again, keys: [questionKey, answerKey] }; // the first try may have been heard
        patch(answerKey, (answer) => ({ ...answer, problem: "It is still answering you elsewhere. Wait for that first." }));
      } else if (response.status === 409) {
        isCut = true; // it was heard the first time, maybe in another conversation
        id = again?.id ?? id;
        patch(answerKey, (answer) => ({ ...answer, problem: "It was heard already. What was done stays." }));
      } else if (response.status === 404 && !stop.signal.aborted) {
        wasHeard = false;
        const next = newTalk();
        setTalk(next);
        unheard.current = { text, messageId, id: next.id, keys: [questionKey, answerKey] };
        setUtterances((all) => all.filter((one) => one.key === questionKey || one.key === answerKey));
        patch(answerKey, (answer) => ({ ...answer, problem: `${FORGOTTEN} Send this again to begin a new one.` }));
      } else if (!response.ok || !data) {
        throw failureOf(response);
      } else {
        hasBegun = true;
        isCut = true;
        for await (const event of readEvents(data)) {
          patch(answerKey, (answer) => heard(answer, event));
          if (event.type === "started" && !stop.signal.aborted) {
            id = event.conversation_id;
            setTalk({ id, isBegun: true });
            setBy(event.by);
          } else if (event.type === "changed") {
            void board.changedElsewhere();
          }
          isCut = event.type !== "done";
        }
        if (isCut) {
          patch(answerKey, (answer) => ({ ...answer, problem: BROKE_OFF }));
        }
      }
    } catch (error) {
      const isStopped = stop.signal.aborted;
      const { kind, message } = asFailure(error);
      isCut ||= isStopped || kind === "away";
      const problem = hasBegun ? BROKE_OFF : message;
      wasHeard = hasBegun || isStopped;
      unheard.current = wasHeard ? null : { text, messageId, id: again?.id ?? id, keys: [questionKey, answerKey] };
      patch(answerKey, (answer) => ({ ...answer, problem: isStopped ? null : problem, isStopped }));
    }
    setAnswering((now) => (now === stop ? null : now));
    if (isCut) {
      catchUp(answerKey, messageId, id).catch(() => undefined); // the board tells what fails; a conversation may be forgotten by now
    }
    void quietly(board, async () => {
      await listEarlier();
    });
    return wasHeard;
  }

  /** Shows what an answer changed that was not heard to its end, each change with its undo once the server has kept it. */
  async function catchUp(answerKey: string, messageId: string, id: string): Promise<void> {
    for (const wait of CATCH_UP_MS) {
      await new Promise((resolve) => setTimeout(resolve, wait));
      await board.changedElsewhere(); // this waits for a server that is away
      // The list first: a question that the server has not heard, or not yet, may have been to begin the conversation.
      if ((await listEarlier()).some((one) => one.id === id)) {
        const path = { conversation_id: id };
        const kept = await dataOf(client.GET("/api/conversations/{conversation_id}", { params: { path } }));
        if (caughtUp(utterance(answerKey, "assistant", ""), messageId, kept)) {
          patch(answerKey, (answer) => caughtUp(answer, messageId, kept) ?? answer);
          await board.changedElsewhere();
          return;
        }
      }
    }
  }

  function stop() {
    answering?.abort();
  }

  /** Takes back one change of an answer. */
  async function undo(at: Utterance, change: Change): Promise<void> {
    if (change.undo === null) {
      return;
    }
    patch(at.key, (answer) => ({
      ...answer,
      changes: answer.changes.map((one) => (one === change ? { ...one, isUndone: true } : one)),
    }));
    const { task, before } = change.undo;
    const failure = await (before === null ? board.remove(task) : board.edit(task, differences(task, before)));
    if (failure !== null) {
      patch(at.key, (answer) => ({
        ...answer,
        changes: answer.changes.map((one) => (one.undo === change.undo ? { ...one, isUndone: false } : one)),
      }));
    }
    await board.refresh(); // it may belong to the list that is shown, or no longer
  }

  /** Decides on a deletion that the assistant asked about, or takes it back; only this deletes. */
  async function decide(at: Utterance, question: Question, isWanted: boolean): Promise<void> {
    const change = (changes: Partial<Question>) => {
      patch(at.key, (answer) => ({
        ...answer,
        questions: answer.questions.map((one) => (one.task.id === question.task.id ? { ...one, ...changes } : one)),
      }));
    };
    const settle = (outcome: string, isDeleted = false) => {
      change({ token: null, outcome, isBusy: false, isDeleted });
    };
    const { token } = question;
    if (token !== null && deciding.current.has(token)) {
      return;
    }
    if (question.isDeleted) {
      settle("Brought back");
      await board.bringBack(question.task);
      return;
    }
    if (!isWanted || token === null) {
      settle("Kept");
      return;
    }
    deciding.current.add(token);
    change({ isBusy: true });
    try {
      const confirm = () => dataOf(client.POST("/api/assistant/confirm", { body: { token } }));
      const { outcome, isDeleted } = await deleteAsked(confirm, () => taskApi.read(question.task.id));
      settle(outcome, isDeleted);
      if (isDeleted) {
        await board.deleted(question.task);
      }
    } catch (error) {
      change({ isBusy: false }); // the question stays open
      board.tell(asFailure(error).message);
    } finally {
      deciding.current.delete(token);
    }
  }

  /** Goes on with an earlier conversation, or begins a new one; nothing can be said before it is there. */
  async function open(id: string | null): Promise<void> {
    stop();
    opened.current += 1;
    const mine = opened.current;
    setIsOpening(id !== null);
    setTalk(id === null ? newTalk() : { id, isBegun: true });
    setUtterances([]);
    if (id !== null) {
      await quietly(board, async () => {
        const path = { conversation_id: id };
        const answer = dataOf(client.GET("/api/conversations/{conversation_id}", { params: { path } }));
        const kept = await answer.catch(unlessGone);
        if (kept === undefined) {
          setEarlier((all) => all.filter((one) => one.id !== id));
          board.tell(FORGOTTEN);
        }
        if (opened.current === mine) {
          if (kept === undefined) {
            setTalk(newTalk());
          } else {
            setUtterances(remembered(kept));
          }
        }
      });
    }
    if (opened.current === mine) {
      setIsOpening(false);
    }
  }

  /** Forgets the conversation that is open. */
  async function forget(): Promise<void> {
    const { id, isBegun } = talk;
    await open(null);
    if (isBegun) {
      await quietly(board, async () => {
        const path = { conversation_id: id };
        await dataOf(client.DELETE("/api/conversations/{conversation_id}", { params: { path } })).catch(unlessGone);
      });
      setEarlier((all) => all.filter((one) => one.id !== id));
    }
  }

  const conversationId = talk.isBegun ? talk.id : null;
  const isAnswering = answering !== null;
  return { utterances, conversationId, earlier, by, isAnswering, isOpening, say, stop, undo, decide, open, forget };
}

/** Does what the conversation can do without; a failure is told, and that is all. */
async function quietly(board: Board, work: () => Promise<void>): Promise<void> {
  try {
    await work();
  } catch (error) {
    board.tell(asFailure(error).message);
  }
}

/** What has to be written to make a task what it was before. */
function differences(task: Task, before: Task) {
  const names = ["title", "description", "done", "priority", "tags", "due"] as const;
  const changed = names.filter((name) => JSON.stringify(task[name]) !== JSON.stringify(before[name]));
  return Object.fromEntries(changed.map((name) => [name, before[name]]));
}
