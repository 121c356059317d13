import { expect, test } from "vitest";
import type { Task } from "@/browser/api";
import { deleteAsked } from "@/browser/deletion";
import { Failure, type FailureKind } from "@/browser/failure";

const TASK: Task = {
  ...{ id: "t1", title: "Buy milk", description: "", done: false, priority: "none", tags: [], due: null, sample: false },
  ...{ version: "1", created_at: "2026-11-24T12:00:00Z", updated_at: "2026-11-24T12:00:00Z" },
};

const there = () => Promise.resolve(TASK);
const failing = (kind: FailureKind) => () => Promise.reject(new Failure(kind, `It is ${kind}.`));

/** The server: a token deletes the task once, and the answers to some of the clicks are lost. */
function server(...lost: number[]) {
  let clicks = 0;
  let isThere = true;
  const read = () => (isThere ? there() : failing("gone")());
  const confirm = () => {
    clicks += 1;
    const answer = clicks === 1 ? there : failing("gone");
    isThere = false;
    return lost.includes(clicks) ? failing("away")() : answer();
  };
  return { confirm, read };
}

test("a click deletes", async () => {
  const { confirm, read } = server();
  expect(await deleteAsked(confirm, read)).toEqual({ outcome: "Deleted", isDeleted: true });
});

test("a click whose answer was lost leaves the question open, and the next one learns that the task is deleted", async () => {
  const { confirm, read } = server(1);
  await expect(deleteAsked(confirm, read)).rejects.toMatchObject({ kind: "away" });
  expect(await deleteAsked(confirm, read)).toEqual({ outcome: "Deleted", isDeleted: true });
});

test("a question that is too old says so where the task is still there", async () => {
  expect(await deleteAsked(failing("gone"), there)).toEqual({ outcome: "The question is too old. Ask again.", isDeleted: false });
});

test("a task that was deleted elsewhere in the same moment is deleted", async () => {
  expect(await deleteAsked(failing("changed"), failing("gone"))).toEqual({ outcome: "Deleted", isDeleted: true });
});

test("a question stays open as long as nobody can tell whether the task is there, or who asks", async () => {
  await expect(deleteAsked(failing("signed-out"), there)).rejects.toMatchObject({ kind: "signed-out" });
  await expect(deleteAsked(failing("gone"), failing("away"))).rejects.toMatchObject({ kind: "away" });
  await expect(deleteAsked(failing("gone"), failing("signed-out"))).rejects.toMatchObject({ kind: "signed-out" });
});

test("a task that was changed since is not deleted, and neither is one whose deletion is refused", async () => {
  expect(await deleteAsked(failing("changed"), there)).toEqual({
    outcome: "The task was changed since. Ask again.",
    isDeleted: false,
  });
  expect(await deleteAsked(failing("refused"), failing("gone"))).toEqual({ outcome: "It is refused.", isDeleted: false });
});
