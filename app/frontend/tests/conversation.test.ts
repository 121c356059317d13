import { expect, test } from "vitest";
import type { components } from "@/browser/api-types";
import { caughtUp, heard, newTalk, remembered, saying, utterance } from "@/browser/conversation";

type Message = components["schemas"]["Message"];

const TASK: components["schemas"]["Task"] = {
  ...{ id: "t1", title: "Buy milk", description: "", done: true, priority: "none", tags: [], due: null, sample: false },
  ...{ version: "2", created_at: "2026-11-24T12:00:00Z", updated_at: "2026-11-24T12:00:01Z" },
};
const BEFORE = { ...TASK, done: false, version: "1" };
const CHANGE = { action: "completed", task_id: "t1", title: "Buy milk", task: TASK, before: BEFORE } as const;

const message = (role: Message["role"], text: string, changes: Message["changes"] = [], answers: string | null = null): Message => ({
  ...{ id: `${role} ${text}`, role, text, changes, stopped: role === "assistant", answers, created_at: "2026-11-24T12:00:00Z" },
});

const conversation = (...messages: Message[]) => ({
  ...{ id: "c1", title: "x", created_at: "2026-11-24T12:00:00Z", updated_at: "2026-11-24T12:00:00Z", messages },
});

test("a conversation has its id before the server knows it, and is begun under it", () => {
  const now = { day: "2026-11-24", time: "12:00" };
  const [talk, other] = [newTalk(), newTalk()];
  expect(talk.id).toMatch(/^[0-9a-f]{8}-[0-9a-f]{4}-4[0-9a-f]{3}-[89ab][0-9a-f]{3}-[0-9a-f]{12}$/);
  expect(other.id).not.toBe(talk.id);
  const first = saying("m1", "hello", talk, now);
  expect(first.params.header).toEqual({ "Message-ID": "m1", "Conversation-ID": talk.id });
  expect(first.body).toEqual({ text: "hello", conversation_id: null, today: now.day, time: now.time });
  const next = saying("m2", "more", { ...talk, isBegun: true }, now);
  expect(next.params.header).toEqual({ "Message-ID": "m2" });
  expect(next.body).toMatchObject({ text: "more", conversation_id: talk.id });
});

test("a change is undone with what was before, also in a conversation of before", () => {
  const [answer] = remembered(conversation(message("assistant", "Done.", [CHANGE])));
  expect(answer?.changes).toEqual([{ action: "completed", title: "Buy milk", undo: { task: TASK, before: BEFORE }, isUndone: false }]);
});

test("a change that an older version kept has no undo", () => {
  const kept = { action: "completed", task_id: "t1", title: "Buy milk" } as Message["changes"][number];
  const [answer] = remembered(conversation(message("assistant", "Done.", [kept])));
  expect(answer?.changes).toEqual([{ action: "completed", title: "Buy milk", undo: null, isUndone: false }]);
});

test("an answer that was stopped shows what was changed meanwhile, and keeps what it showed", () => {
  const first = heard(utterance("here-2", "assistant", ""), { type: "changed", action: "completed", task: TASK, before: BEFORE });
  const shown = { ...first, changes: first.changes.map((change) => ({ ...change, isUndone: true })) };
  const second = { ...CHANGE, task_id: "t2", title: "Second" };
  const kept = conversation(message("user", "do both"), message("assistant", "", [CHANGE, second], "user do both"));
  expect(caughtUp(shown, "user do both", kept)?.changes.map(({ title, isUndone }) => [title, isUndone])).toEqual([
    ["Buy milk", true],
    ["Second", false],
  ]);
});

test("an answer that is not kept yet is not taken for another one, whatever was said since", () => {
  const answer = utterance("here-2", "assistant", "");
  const questions = [message("user", "do it"), message("user", "do more")];
  const second = message("assistant", "More.", [CHANGE, CHANGE], "user do more");
  const first = message("assistant", "Done.", [CHANGE], "user do it");
  expect(caughtUp(answer, "user do it", conversation(...questions))).toBeNull();
  expect(caughtUp(answer, "user do it", conversation(...questions, second))).toBeNull();
  expect(caughtUp(answer, "user do it", conversation(...questions, second, first))?.changes).toHaveLength(1);
  expect(caughtUp(answer, "user do more", conversation(...questions, second, first))?.changes).toHaveLength(2);
});
