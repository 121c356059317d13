import { describe, expect, test, vi } from "vitest";
import type { Counts, NewTask, Task, TaskApi } from "@/browser/api";
import { Board } from "@/browser/board";
import { Failure } from "@/browser/failure";
import { fits } from "@/browser/fits";
import { ALL_TASKS, wholeView, withTag } from "@/browser/list-query";

const now = { day: "2026-11-24", time: "12:30" };
const VIEWS = ["all", "today", "upcoming", "overdue", "done"] as const;

const task = (changes: Partial<Task> & Pick<Task, "id">): Task => ({
  ...{ title: changes.id, description: "", done: false, priority: "none", tags: [], due: null, sample: false },
  ...{ version: "1", created_at: "2026-11-24T12:00:00Z", updated_at: "2026-11-24T12:00:00Z" },
  ...changes,
});

const draft = (title: string, changes: Partial<NewTask> = {}): NewTask => ({
  ...{ title, description: "", priority: "none" as const, tags: [], due: null },
  ...changes,
});

/**
 * The API in memory, which answers when a test lets it: `hold` keeps calls back, `trouble` makes them fail, and a list
 * comes in pages of `pageSize`, each of which begins after the task that the cursor names.
 */
class Server implements TaskApi {
  tasks: Task[];
  pageSize = Infinity;
  deleted: Task[] = [];
  calls: string[] = [];
  trouble: Failure | null = null;
  #held: (() => void)[] | null = null;
  #made = 0;

  constructor(...tasks: Task[]) {
    this.tasks = tasks;
  }

  hold() {
    this.#held = [];
  }

  release() {
    const held = this.#held ?? [];
    this.#held = null;
    held.forEach((go) => {
      go();
    });
  }

  async #answer<T>(call: string, work: () => T): Promise<T> {
    this.calls.push(call);
    await new Promise<void>((resolve) => {
      if (this.#held === null) {
        resolve();
      } else {
        this.#held.push(resolve);
      }
    });
    if (this.trouble !== null) {
      throw this.trouble;
    }
    return work();
  }

  #find(id: string): Task {
    const found = this.tasks.find((one) => one.id === id);
    if (found === undefined) {
      throw new Failure("gone", "This task is no longer there.");
    }
    return found;
  }

  /** Another tab's change. */
  change(id: string, changes: Partial<Task>): Task {
    const changed = { ...this.#find(id), ...changes, version: `${Number(this.#find(id).version) + 1}` };
    this.tasks = this.tasks.map((one) => (one.id === id ? changed : one));
    return changed;
  }

  list: TaskApi["list"] = (query, clock, cursor) =>
    this.#answer("list", () => {
      const rest = this.tasks.slice(1 + this.tasks.findIndex(({ id }) => id === cursor)).filter((one) => fits(one, query, clock));
      const items = rest.slice(0, this.pageSize);
      return { items, next_cursor: items.length < rest.length ? (items.at(-1)?.id ?? null) : null };
    });
  read: TaskApi["read"] = (id) => this.#answer(`read ${id}`, () => this.#find(id));
  create: TaskApi["create"] = (fresh) =>
    this.#answer(`create ${fresh.title}`, () => {
      this.#made += 1;
      const made = task({ ...fresh, due: fresh.due ?? null, id: `made-${this.#made}` });
      this.tasks = [made, ...this.tasks];
      return made;
    });
  update: TaskApi["update"] = (id, changes, version) =>
    this.#answer(`update ${id} ${JSON.stringify(changes)} if ${version ?? "any"}`, () => {
      if (version !== undefined && this.#find(id).version !== version) {
        throw new Failure("changed", "This task was changed elsewhere.");
      }
      return this.change(id, changes);
    });
  remove: TaskApi["remove"] = (id, version) =>
    this.#answer(`remove ${id}`, () => {
      if (this.#find(id).version !== version) {
        throw new Failure("changed", "This task was changed elsewhere.");
      }
      this.deleted.push(this.#find(id));
      this.tasks = this.tasks.filter((one) => one.id !== id);
    });
  restore: TaskApi["restore"] = (id) =>
    this.#answer(`restore ${id}`, () => {
      const back = this.deleted.find((one) => one.id === id) ?? this.#find(id);
      this.tasks = [...this.tasks, back];
      return back;
    });
  counts: TaskApi["counts"] = (clock) => {
    const number = (view: (typeof VIEWS)[number]) => this.tasks.filter((one) => fits(one, wholeView(view), clock)).length;
    const open = this.tasks.filter(({ done }) => !done).length;
    return Promise.resolve({ open, ...(Object.fromEntries(VIEWS.map((view) => [view, number(view)])) as Omit<Counts, "open">) });
  };
  tags: TaskApi["tags"] = () => Promise.resolve([]);
  makeSamples: TaskApi["makeSamples"] = () => this.#answer("make samples", () => 0);
  removeSamples: TaskApi["removeSamples"] = () =>
    this.#answer("remove samples", () => {
      const samples = this.tasks.filter(({ sample }) => sample);
      this.deleted.push(...samples);
      this.tasks = this.tasks.filter(({ sample }) => !sample);
      return samples.map(({ id }) => id);
    });
}

async function boardOn(server: Server, query = ALL_TASKS, clock = () => now) {
  const board = new Board(server, clock);
  await board.show(query);
  server.calls = [];
  return board;
}

const shown = (board: Board) => board.state().tasks?.map(({ title, done }) => (done ? `✓ ${title}` : title));
const taskOf = (board: Board, id: string) => board.state().tasks?.find((one) => one.id === id) ?? task({ id: "none" });

describe("a change shows before the server has answered", () => {
  test("a new task, a tick, an edit and a deletion", async () => {
    const server = new Server(task({ id: "a" }), task({ id: "b" }), task({ id: "c" }));
    const board = await boardOn(server);
    server.hold();
    const changes = [
      board.add(draft("new")),
      board.tick(taskOf(board, "a"), true),
      board.edit(taskOf(board, "b"), { title: "B" }),
      board.remove(taskOf(board, "c")),
    ];
    expect(shown(board)).toEqual(["new", "✓ a", "B"]);
    expect(board.state().pending.size).toBe(4);
    server.release();
    expect(await Promise.all(changes)).toEqual([null, null, null, null]);
    expect(shown(board)).toEqual(["new", "✓ a", "B"]);
    expect(board.state().pending.size).toBe(0);
  });

  test("and is taken back when it is refused, while others stay", async () => {
    const server = new Server(task({ id: "a" }), task({ id: "b" }));
    const board = await boardOn(server);
    await board.tick(taskOf(board, "b"), true);
    server.trouble = new Failure("refused", "The server did not accept this.");
    expect((await board.edit(taskOf(board, "a"), { title: "A" }))?.kind).toBe("refused");
    expect(shown(board)).toEqual(["a", "✓ b"]);
    expect(board.state().notice).toMatchObject({ text: "The server did not accept this.", isError: true });
  });

  test("what is gone elsewhere leaves the list", async () => {
    const server = new Server(task({ id: "a" }), task({ id: "b" }));
    const board = await boardOn(server);
    server.tasks = [task({ id: "b" })];
    expect((await board.tick(taskOf(board, "a"), true))?.kind).toBe("gone");
    expect(shown(board)).toEqual(["b"]);
  });

  test("a task can be ticked before the server has given it its id", async () => {
    const server = new Server();
    const board = await boardOn(server);
    server.hold();
    const added = board.add(draft("new"));
    const fresh = board.state().tasks?.[0] ?? task({ id: "none" });
    const ticked = board.tick(fresh, true);
    expect(shown(board)).toEqual(["✓ new"]);
    server.release();
    expect([await added, await ticked]).toEqual([null, null]);
    expect(server.tasks).toMatchObject([{ id: "made-1", done: true }]);
    expect(shown(board)).toEqual(["✓ new"]);
    expect(board.keyOf("made-1")).toBe(fresh.id);
  });

  test("changes of one task reach the server in their order", async () => {
    const server = new Server(task({ id: "a" }));
    const board = await boardOn(server);
    server.hold();
    const changes = [board.tick(taskOf(board, "a"), true), board.edit(taskOf(board, "a"), { title: "A" })];
    await vi.waitFor(() => {
      expect(server.calls).not.toEqual([]);
    });
    expect(server.calls).toHaveLength(1);
    server.release();
    expect(await Promise.all(changes)).toEqual([null, null]);
    expect(server.calls).toEqual(['update a {"done":true} if 1', 'update a {"title":"A"} if 2']);
  });
});

describe("while the server is away", () => {
  test("changes wait, show, and get through when it is back", async () => {
    const server = new Server(task({ id: "a" }));
    const board = await boardOn(server);
    server.trouble = new Failure("away", "The server cannot be reached.");
    const added = board.add(draft("typed in the dark"));
    await vi.waitFor(() => {
      expect(board.state().isAway).toBe(true);
    });
    expect(shown(board)).toEqual(["typed in the dark", "a"]);
    expect(server.tasks).toHaveLength(1);
    server.trouble = null;
    board.wake();
    expect(await added).toBeNull();
    expect(board.state().isAway).toBe(false);
    expect(server.tasks.map(({ title }) => title)).toEqual(["typed in the dark", "a"]);
  });

  test("the samples' removal waits and shows too, and can be undone before the server has heard of it", async () => {
    const server = new Server(task({ id: "mine" }), task({ id: "one", sample: true }), task({ id: "other", sample: true, done: true }));
    const board = await boardOn(server);
    server.trouble = new Failure("away", "The server cannot be reached.");
    const removed = board.removeSamples();
    await vi.waitFor(() => {
      expect(board.state().isAway).toBe(true);
    });
    expect(shown(board)).toEqual(["mine"]);
    expect(board.state().pending.size, "changes that wait").toBe(2);
    board.undo();
    expect(shown(board)?.sort()).toEqual(["mine", "one", "✓ other"]);
    server.trouble = null;
    board.wake();
    expect(await removed).toBeNull();
    await vi.waitFor(() => {
      expect(board.state()).toMatchObject({ isLoading: false, pending: new Set() });
    });
    expect([...new Set(server.calls)].filter((call) => call !== "list")).toEqual(["remove samples", "restore one", "restore other"]);
    expect(server.tasks.map(({ id }) => id).sort()).toEqual(["mine", "one", "other"]);
    expect(shown(board)?.sort()).toEqual(["mine", "one", "✓ other"]);
  });

  test("a session that has ended is told as such", async () => {
    const server = new Server(task({ id: "a" }));
    const board = await boardOn(server);
    server.trouble = new Failure("signed-out", "Your session has ended.");
    await board.tick(taskOf(board, "a"), true);
    expect(board.state()).toMatchObject({ isSignedOut: true, notice: null });
    expect(shown(board)).toEqual(["a"]);
    server.trouble = null; // signed in again, in another tab
    await board.tick(taskOf(board, "a"), true);
    expect(board.state().isSignedOut).toBe(false);
  });

  test("what was refused as nobody was signed in is asked for once somebody is", async () => {
    const server = new Server(task({ id: "a" }));
    server.trouble = new Failure("signed-out", "Your session has ended.");
    const board = await boardOn(server);
    expect(board.state()).toMatchObject({ tasks: undefined, isSignedOut: true, isLoading: false, listProblem: null });
    server.trouble = null;
    await board.add(draft("new"));
    await vi.waitFor(() => {
      expect(shown(board)).toEqual(["new", "a"]);
    });
  });
});

describe("an edit that could not be saved is kept for another page", () => {
  test("as one of the server's task, in the state that the changes of this page left it in", async () => {
    const server = new Server();
    const board = await boardOn(server);
    const added = board.add(draft("new"));
    const opened = board.state().tasks?.[0] ?? task({ id: "none" });
    await added;
    await board.tick(opened, true);
    const kept = board.toKeep(opened, { title: "renamed" });
    expect(kept).toMatchObject({ opened: { id: "made-1", version: "2", title: "new" }, changes: { title: "renamed" } });
    const other = await boardOn(server);
    expect("opened" in kept && (await other.edit(kept.opened, kept.changes))).toBeNull();
    expect(server.tasks).toMatchObject([{ title: "renamed", done: true }]);
  });

  test("as a new task where the server has none", async () => {
    const server = new Server();
    const board = await boardOn(server);
    server.trouble = new Failure("signed-out", "Your session has ended.");
    const added = board.add(draft("new", { tags: ["home"] }));
    const opened = board.state().tasks?.[0] ?? task({ id: "none" });
    await added;
    expect(board.toKeep(opened, { title: "renamed" })).toEqual({ draft: draft("renamed", { tags: ["home"] }) });
  });
});

describe("undo", () => {
  test.each<[string, (board: Board) => Promise<unknown>]>([
    ["of a new task", (board) => board.add(draft("new"))],
    ["of a tick", (board) => board.tick(taskOf(board, "a"), true)],
    ["of an edit", (board) => board.edit(taskOf(board, "a"), { title: "A", priority: "high" })],
    ["of a deletion", (board) => board.remove(taskOf(board, "a"))],
    ["of the samples' removal", (board) => board.removeSamples()],
  ])("%s brings back what was", async (_, change) => {
    const server = new Server(task({ id: "a" }), task({ id: "sample", sample: true }));
    const board = await boardOn(server);
    const before = server.tasks.map(({ id, title, done, priority }) => ({ id, title, done, priority }));
    await change(board);
    expect(server.tasks).not.toMatchObject(before);
    board.undo();
    await vi.waitFor(() => {
      expect(new Set(server.tasks.map(({ id, title, done, priority }) => JSON.stringify({ id, title, done, priority })))).toEqual(
        new Set(before.map((one) => JSON.stringify(one))),
      );
    });
  });

  test("of the samples' removal brings back also those that are not on the list", async () => {
    const server = new Server(task({ id: "sample", sample: true }), task({ id: "done sample", sample: true, done: true }));
    const board = await boardOn(server, wholeView("done"));
    await board.removeSamples();
    expect(server.tasks).toEqual([]);
    board.undo();
    await vi.waitFor(() => {
      expect(server.tasks.map(({ id }) => id).sort()).toEqual(["done sample", "sample"]);
    });
    await vi.waitFor(() => {
      expect(board.state().pending.size).toBe(0);
    });
    expect(shown(board)).toEqual(["✓ done sample"]);
  });

  test("of the samples' removal brings them back also where the answer to it was lost", async () => {
    const server = new Server(task({ id: "mine" }), task({ id: "sample", sample: true }));
    const board = await boardOn(server);
    const remove = server.removeSamples;
    vi.spyOn(server, "removeSamples").mockImplementationOnce(async () => {
      await remove();
      throw new Failure("away", "The server's answer broke off.");
    });
    expect(await board.removeSamples()).toBeNull();
    expect(server.tasks.map(({ id }) => id)).toEqual(["mine"]);
    board.undo();
    await vi.waitFor(() => {
      expect(server.tasks.map(({ id }) => id)).toEqual(["mine", "sample"]);
    });
  });

  test("of the samples' removal is none where it was refused", async () => {
    const server = new Server(task({ id: "mine" }), task({ id: "sample", sample: true }));
    const board = await boardOn(server);
    await board.tick(taskOf(board, "mine"), true);
    server.trouble = new Failure("refused", "No.");
    expect((await board.removeSamples())?.kind).toBe("refused");
    expect(shown(board)).toEqual(["✓ mine", "sample"]);
    expect(board.state().notice).toMatchObject({ text: "No.", isError: true, canUndo: false });
    server.trouble = null;
    board.undo(); // of the tick
    await vi.waitFor(() => {
      expect(server.tasks.map(({ done }) => done)).toEqual([false, false]);
    });
  });

  test("of a change that the server has not heard of yet", async () => {
    const server = new Server(task({ id: "a" }));
    const board = await boardOn(server);
    server.hold();
    void board.remove(taskOf(board, "a"));
    board.undo();
    expect(shown(board)).toEqual(["a"]);
    server.release();
    await vi.waitFor(() => {
      expect(board.state().pending.size).toBe(0);
    });
    expect(server.calls.slice(0, 2)).toEqual(["remove a", "restore a"]);
    expect(shown(board)).toEqual(["a"]);
  });
});

describe("undo of several changes", () => {
  const settled = (board: Board) =>
    vi.waitFor(() => {
      expect(board.state().pending.size).toBe(0);
    });

  test("goes back one after the other, the latest first, and not to and fro", async () => {
    const server = new Server(task({ id: "a" }), task({ id: "b" }), task({ id: "c" }));
    const board = await boardOn(server);
    await board.tick(taskOf(board, "a"), true);
    await board.edit(taskOf(board, "b"), { title: "B" });
    await board.edit(taskOf(board, "b"), { title: "BB" });
    await board.remove(taskOf(board, "c"));
    await board.add(draft("new"));
    const states = [shown(board)];
    for (let step = 0; step < 6; step += 1) {
      board.undo();
      expect(board.state().notice?.canUndo ?? false).toBe(false);
      await settled(board);
      await board.refresh();
      states.push(shown(board));
    }
    expect(states).toEqual([
      ["new", "✓ a", "BB"],
      ["✓ a", "BB"],
      ["✓ a", "BB", "c"],
      ["✓ a", "B", "c"],
      ["✓ a", "b", "c"],
      ["a", "b", "c"],
      ["a", "b", "c"],
    ]);
  });

  test("also when the notice was closed, or something else was told since", async () => {
    const server = new Server(task({ id: "a" }), task({ id: "b" }));
    const board = await boardOn(server);
    await board.tick(taskOf(board, "a"), true);
    board.dismissNotice();
    await board.tick(taskOf(board, "b"), true);
    board.tell("Something else went wrong");
    expect(board.state().notice).toMatchObject({ isError: true, canUndo: false });
    board.undo();
    board.undo();
    await settled(board);
    expect(server.tasks.map(({ done }) => done)).toEqual([false, false]);
  });

  test("leaves out a change that was refused, or that became a choice", async () => {
    const server = new Server(task({ id: "a" }), task({ id: "b" }));
    const board = await boardOn(server);
    await board.tick(taskOf(board, "a"), true);
    server.trouble = new Failure("refused", "No.");
    await board.edit(taskOf(board, "b"), { title: "B" });
    server.trouble = null;
    const opened = taskOf(board, "b");
    server.change("b", { title: "theirs" });
    await board.edit(opened, { title: "mine" });
    await board.resolve("theirs");
    board.undo();
    await settled(board);
    expect(server.tasks.map(({ title, done }) => [title, done])).toEqual([
      ["a", false],
      ["theirs", false],
    ]);
  });

  test("of a task that is not on the list, before the server has it, is not offered again", async () => {
    const server = new Server(task({ id: "a", done: true }));
    const board = await boardOn(server, wholeView("done"));
    server.hold();
    const added = board.add(draft("open"));
    board.undo();
    server.release();
    await added;
    await settled(board);
    expect(server.tasks.map(({ title }) => title)).toEqual(["a"]);
    expect(board.state().notice).toMatchObject({ text: "Deleted “open”" });
    board.undo();
    await settled(board);
    expect(server.calls.filter((call) => call.startsWith("remove"))).toHaveLength(1);
  });

  test("after a change that is shown a second time, as it is not on the list, takes it back once", async () => {
    const server = new Server(task({ id: "a", done: true }));
    const board = await boardOn(server, wholeView("done"));
    await board.tick(taskOf(board, "a"), false);
    await board.add(draft("open"));
    expect(board.state().notice).toMatchObject({ text: "Added “open”; it is not on this list", canUndo: true });
    board.undo();
    board.undo();
    await settled(board);
    expect(server.tasks.map(({ id, done }) => [id, done])).toEqual([["a", true]]);
  });
});

describe("edits from two tabs", () => {
  test("are a choice: mine on top of theirs", async () => {
    const server = new Server(task({ id: "a" }));
    const board = await boardOn(server);
    const opened = taskOf(board, "a");
    server.change("a", { title: "theirs", description: "a note" });
    expect((await board.edit(opened, { title: "mine" }))?.kind).toBe("changed");
    expect(board.state().conflicts).toMatchObject([{ mine: { title: "mine" }, theirs: { title: "theirs" } }]);
    expect(server.tasks).toMatchObject([{ title: "theirs" }]);
    await board.resolve("mine");
    expect(server.tasks).toMatchObject([{ title: "mine", description: "a note" }]);
    expect(board.state().conflicts).toEqual([]);
  });

  test("stay a choice where mine cannot be saved either", async () => {
    const server = new Server(task({ id: "a" }));
    const board = await boardOn(server);
    const opened = taskOf(board, "a");
    server.change("a", { title: "theirs" });
    await board.edit(opened, { title: "mine" });
    server.trouble = new Failure("signed-out", "Your session has ended.");
    await board.resolve("mine");
    expect(board.state()).toMatchObject({ isSignedOut: true, conflicts: [{ mine: { title: "mine" } }] });
    server.trouble = null;
    await board.resolve("mine");
    expect(server.tasks).toMatchObject([{ title: "mine" }]);
    expect(board.state()).toMatchObject({ isSignedOut: false, conflicts: [] });
  });

  test("are as many choices as there were edits, one after the other", async () => {
    const server = new Server(task({ id: "a" }), task({ id: "b" }));
    const board = await boardOn(server);
    const [a, b] = [taskOf(board, "a"), taskOf(board, "b")];
    server.change("a", { title: "their a" });
    server.change("b", { title: "their b" });
    await Promise.all([board.edit(a, { title: "my a" }), board.edit(b, { title: "my b" })]);
    const choices = board.state().conflicts;
    expect(choices.map(({ mine }) => mine.title)).toEqual(["my a", "my b"]);
    expect(new Set(choices.map(({ id }) => id)).size).toBe(2);
    await board.resolve("theirs");
    expect(board.state().conflicts).toEqual(choices.slice(1));
    await board.resolve("mine");
    expect(board.state().conflicts).toEqual([]);
    expect(server.tasks.map(({ title }) => title)).toEqual(["their a", "my b"]);
  });

  test("give back what was typed where the other's change cannot be read", async () => {
    const server = new Server(task({ id: "a" }));
    const board = await boardOn(server);
    const opened = taskOf(board, "a");
    server.change("a", { title: "theirs" });
    server.read = () => Promise.reject(new Failure("signed-out", "Your session has ended."));
    expect((await board.edit(opened, { title: "mine" }))?.kind).toBe("signed-out");
    expect(board.state()).toMatchObject({ conflicts: [], isSignedOut: true });
  });

  test("where the other one is the same, sent twice as its answer was lost, are none, and can be undone", async () => {
    const server = new Server(task({ id: "a" }));
    const board = await boardOn(server);
    vi.spyOn(server, "update").mockImplementationOnce((id, changes) => {
      server.change(id, changes);
      return Promise.reject(new Failure("away", "The server's answer broke off."));
    });
    expect(await board.edit(taskOf(board, "a"), { title: "A" })).toBeNull();
    expect(shown(board)).toEqual(["A"]);
    board.undo();
    await vi.waitFor(() => {
      expect(server.tasks).toMatchObject([{ title: "a" }]);
    });
    expect(board.state().conflicts).toEqual([]);
  });

  test("are one also where an edit was sent twice, as its answer was lost, and another device wrote meanwhile", async () => {
    const server = new Server(task({ id: "a" }));
    const board = await boardOn(server);
    const opened = taskOf(board, "a");
    vi.spyOn(server, "update").mockImplementationOnce((id, changes) => {
      server.change(id, changes);
      server.change(id, { description: "theirs" });
      return Promise.reject(new Failure("away", "The server's answer broke off."));
    });
    expect(await board.edit(opened, { title: "A" })).toBeNull();
    expect((await board.edit({ ...opened, title: "A" }, { description: "mine" }))?.kind).toBe("changed");
    expect(server.tasks).toMatchObject([{ title: "A", description: "theirs" }]);
  });

  test("that are put off are a choice again when the kept one is tried again", async () => {
    const server = new Server(task({ id: "a" }));
    const board = await boardOn(server);
    const opened = taskOf(board, "a");
    server.change("a", { title: "theirs" });
    await board.edit(opened, { title: "mine" });
    const kept = board.toKeep(opened, { title: "mine" });
    await board.resolve("theirs");
    expect("opened" in kept && (await board.edit(kept.opened, kept.changes))?.kind).toBe("changed");
    expect(board.state().conflicts).toMatchObject([{ mine: { title: "mine" }, theirs: { title: "theirs" } }]);
    expect(server.tasks).toMatchObject([{ title: "theirs" }]);
  });

  test("or theirs as it is", async () => {
    const server = new Server(task({ id: "a" }));
    const board = await boardOn(server);
    const opened = taskOf(board, "a");
    server.change("a", { title: "theirs" });
    await board.edit(opened, { title: "mine" });
    await board.resolve("theirs");
    expect(shown(board)).toEqual(["theirs"]);
    expect(server.tasks).toMatchObject([{ title: "theirs" }]);
  });

  test("meet also when this page has read the other's change since the form was opened, or ticked on top of it", async () => {
    const server = new Server(task({ id: "a" }));
    const board = await boardOn(server);
    const opened = taskOf(board, "a");
    server.change("a", { title: "theirs" });
    await board.refresh();
    await board.tick(opened, true);
    expect((await board.edit(opened, { title: "mine" }))?.kind).toBe("changed");
    expect(server.tasks).toMatchObject([{ title: "theirs", done: true }]);
  });

  test("two tasks of one version, edited one after the other, are no conflict", async () => {
    const server = new Server(task({ id: "a" }), task({ id: "b" }));
    const board = await boardOn(server);
    expect(await board.edit(taskOf(board, "a"), { title: "A" })).toBeNull();
    expect(await board.edit(taskOf(board, "b"), { title: "B" })).toBeNull();
    expect(server.calls).toEqual(['update a {"title":"A"} if 1', 'update b {"title":"B"} if 1']);
  });

  test("a page's own changes are no conflict", async () => {
    const server = new Server(task({ id: "a" }));
    const board = await boardOn(server);
    const opened = taskOf(board, "a");
    await board.tick(opened, true);
    await board.tick(opened, false);
    expect(await board.edit(opened, { title: "mine" })).toBeNull();
    expect(server.tasks).toMatchObject([{ title: "mine", done: false }]);
  });
});

describe("a deletion", () => {
  test("leaves a task that was changed elsewhere since, shows it as it is, and deletes it when it is asked again", async () => {
    const server = new Server(task({ id: "a" }), task({ id: "b" }));
    const board = await boardOn(server);
    const seen = taskOf(board, "a");
    await board.tick(taskOf(board, "b"), true);
    server.change("a", { title: "filled in elsewhere" });
    expect((await board.remove(seen))?.kind).toBe("changed");
    expect(shown(board)).toEqual(["filled in elsewhere", "✓ b"]);
    expect(board.state().notice).toMatchObject({ isError: true, canUndo: false });
    board.undo(); // of the tick: the deletion did not come to be
    await vi.waitFor(() => {
      expect(server.tasks.map(({ done }) => done)).toEqual([false, false]);
    });
    expect(await board.remove(taskOf(board, "a"))).toBeNull();
    expect(shown(board)).toEqual(["b"]);
  });

  test("that takes back a new task leaves what was filled in elsewhere since, and not what was changed here", async () => {
    const server = new Server();
    const board = await boardOn(server);
    await board.add(draft("mine"));
    await board.add(draft("theirs"));
    server.change("made-2", { description: "the whole list" });
    board.undo();
    await vi.waitFor(() => {
      expect(board.state().notice?.text).toMatch(/“theirs” was changed elsewhere/);
    });
    const fresh = taskOf(board, "made-1");
    await board.tick(fresh, true);
    await board.tick(fresh, false);
    board.undo();
    board.undo();
    board.undo();
    await vi.waitFor(() => {
      expect(server.tasks.map(({ title }) => title)).toEqual(["theirs"]);
    });
  });

  test.each([
    ["takes back a new task also where the answer to its tick was lost", {}, []],
    ["but not where another device wrote meanwhile", { description: "theirs" }, [{ title: "new", description: "theirs" }]],
  ])("that %s", async (_, theirs, left) => {
    const server = new Server();
    const board = await boardOn(server);
    await board.add(draft("new"));
    vi.spyOn(server, "update").mockImplementationOnce((id, changes) => {
      server.change(id, { ...changes, ...theirs });
      return Promise.reject(new Failure("away", "The server's answer broke off."));
    });
    expect(await board.tick(taskOf(board, "made-1"), true)).toBeNull();
    board.undo();
    board.undo();
    await vi.waitFor(() => {
      expect(board.state().pending.size).toBe(0);
    });
    expect(server.tasks).toHaveLength(left.length);
    expect(server.tasks).toMatchObject(left);
  });
});

describe("a task that is being edited stays on the list", () => {
  const today = { date: now.day, time: null };

  test("in its place when another tab moves it, until the edit is over", async () => {
    const server = new Server(...["a", "b", "c"].map((id) => task({ id, due: today })));
    const board = await boardOn(server, wholeView("today"));
    board.hold("b");
    server.change("b", { done: true });
    await board.refresh();
    await board.refresh();
    expect(shown(board)).toEqual(["a", "b", "c"]);
    board.release("b");
    expect(shown(board)).toEqual(["a", "c"]);
  });

  test("also when it is gone, which saving it says", async () => {
    const server = new Server(task({ id: "a" }), task({ id: "b" }));
    const board = await boardOn(server);
    const opened = taskOf(board, "a");
    board.hold("a");
    server.tasks = [task({ id: "b" })];
    await board.refresh();
    expect((await board.edit(opened, { title: "A" }))?.kind).toBe("gone");
    expect(shown(board)).toEqual(["a", "b"]);
  });

  test("and has no place on another list", async () => {
    const server = new Server(task({ id: "a" }), task({ id: "b", done: true }));
    const board = await boardOn(server);
    board.hold("a");
    await board.show(wholeView("done"));
    expect(shown(board)).toEqual(["✓ b"]);
  });

  test("once only, when it got its id meanwhile", async () => {
    const server = new Server();
    const board = await boardOn(server);
    server.hold();
    const added = board.add(draft("new"));
    board.hold(board.state().tasks?.[0]?.id ?? "none");
    server.release();
    await added;
    expect(shown(board)).toEqual(["new"]);
    server.change("made-1", { title: "renamed" });
    await board.refresh();
    expect(shown(board)).toEqual(["renamed"]);
    server.tasks = [];
    await board.refresh();
    expect(shown(board)).toEqual(["renamed"]);
    board.release("made-1");
    expect(shown(board)).toEqual([]);
  });
});

describe("a list that stays open keeps up", () => {
  /** A board on today's list, with counts to compare the next ones with. */
  async function boardOnToday(server: Server, clock = () => now) {
    const board = await boardOn(server, wholeView("today"), clock);
    await vi.waitFor(() => {
      expect(board.state().counts).not.toBeNull();
    });
    server.calls = [];
    return board;
  }
  const today = { date: now.day, time: null };

  test("with another device", async () => {
    const server = new Server(task({ id: "a", due: today }));
    const board = await boardOnToday(server);
    server.tasks = [task({ id: "b", due: today }), ...server.tasks];
    await board.keepUp();
    expect(shown(board)).toEqual(["b", "a"]);
    server.calls = [];
    await board.keepUp();
    expect(server.calls, "nothing has happened since").toEqual([]);
  });

  test("with the calendar", async () => {
    const server = new Server(task({ id: "a", due: today }), task({ id: "b", due: { date: "2026-11-25", time: null } }));
    let clock = now;
    const board = await boardOnToday(server, () => clock);
    expect(shown(board)).toEqual(["a"]);
    clock = { day: "2026-11-25", time: "00:00" };
    await board.keepUp();
    expect(shown(board)).toEqual(["b"]);
  });

  test("with the calendar also where something was done here since", async () => {
    const server = new Server(task({ id: "a", due: today }), task({ id: "b", due: { date: "2026-11-25", time: null } }));
    let clock = now;
    const board = await boardOnToday(server, () => clock);
    clock = { day: "2026-11-25", time: "00:00" };
    await board.tick(taskOf(board, "a"), true);
    await board.keepUp();
    expect(shown(board)).toEqual(["b"]);
    server.calls = [];
    await board.keepUp();
    expect(server.calls, "the day is known").toEqual([]);
  });

  test("with the calendar, but asks nothing while nobody is signed in", async () => {
    const server = new Server(task({ id: "a", due: today }));
    let clock = now;
    const board = await boardOnToday(server, () => clock);
    server.trouble = new Failure("signed-out", "Your session has ended.");
    await board.refresh();
    clock = { day: "2026-11-25", time: "00:00" };
    server.calls = [];
    await board.keepUp();
    expect(server.calls).toEqual([]);
  });

  test("and leaves what was ticked off here where it is", async () => {
    const server = new Server(task({ id: "a", due: today }));
    const board = await boardOnToday(server);
    await board.tick(taskOf(board, "a"), true);
    await board.keepUp();
    await board.keepUp();
    expect(shown(board)).toEqual(["✓ a"]);
  });

  test("after an outage", async () => {
    const server = new Server(task({ id: "a", due: today }));
    const board = await boardOnToday(server);
    server.trouble = new Failure("away", "The server cannot be reached.");
    const ticked = board.tick(taskOf(board, "a"), true);
    await vi.waitFor(() => {
      expect(board.state().isAway).toBe(true);
    });
    server.trouble = null;
    server.tasks = [task({ id: "b", due: today }), ...server.tasks];
    board.wake();
    await ticked;
    await vi.waitFor(() => {
      expect(shown(board)).toEqual(["b"]);
    });
  });
});

describe("a list that the server refuses", () => {
  const refusal = new Failure("refused", "Something went wrong on the server (500).");

  test("says so, and is there once it is asked for again with success", async () => {
    const server = new Server(task({ id: "a" }));
    server.trouble = refusal;
    const board = await boardOn(server);
    expect(board.state()).toMatchObject({ tasks: undefined, isLoading: false, listProblem: refusal.message });
    server.hold();
    const again = board.refresh();
    expect(board.state(), "what it says stays until there is an answer").toMatchObject({
      isLoading: true,
      listProblem: refusal.message,
    });
    server.trouble = null;
    server.release();
    await again;
    expect(board.state()).toMatchObject({ isLoading: false, listProblem: null });
    expect(shown(board)).toEqual(["a"]);
  });

  test.each<[string, (board: Board) => Promise<unknown>]>([
    ["the board keeps up", (board) => board.keepUp()],
    ["the server takes a change", (board) => board.add(draft("b"))],
    ["another list is wanted", (board) => board.show({ ...ALL_TASKS, sort: "title" })],
  ])("is asked for again when %s", async (_, happen) => {
    const server = new Server(task({ id: "a" }));
    server.trouble = refusal;
    const board = await boardOn(server);
    server.trouble = null;
    await happen(board);
    await vi.waitFor(() => {
      expect(board.state()).toMatchObject({ isLoading: false, listProblem: null });
    });
    expect(shown(board)).toContain("a");
  });

  test("is asked for again when the server was away and is back", async () => {
    const server = new Server(task({ id: "a" }));
    server.trouble = refusal;
    const board = await boardOn(server);
    server.trouble = new Failure("away", "The server cannot be reached.");
    const kept = board.keepUp();
    await vi.waitFor(() => {
      expect(board.state().isAway).toBe(true);
    });
    server.trouble = null;
    board.wake();
    await kept;
    await vi.waitFor(() => {
      expect(shown(board)).toEqual(["a"]);
    });
  });

  test("is not asked for by the clock while nobody is signed in", async () => {
    const server = new Server(task({ id: "a" }));
    server.trouble = refusal;
    const board = await boardOn(server);
    server.trouble = new Failure("signed-out", "Your session has ended.");
    await board.refresh();
    server.calls = [];
    await board.keepUp();
    expect(server.calls).toEqual([]);
  });

  test("does not leave what another search has found as its own", async () => {
    const server = new Server(task({ id: "milk" }), task({ id: "bread" }));
    const board = await boardOn(server);
    server.trouble = refusal;
    await board.show({ ...ALL_TASKS, search: "bread" });
    expect(board.state().listProblem).toBe(refusal.message);
    expect(shown(board)).toEqual([]);
    server.trouble = null;
    await board.keepUp();
    expect(shown(board)).toEqual(["bread"]);
  });

  test("leaves what is being edited, and what was shown where it is the same list", async () => {
    const server = new Server(task({ id: "milk" }), task({ id: "bread" }));
    const board = await boardOn(server);
    server.trouble = refusal;
    await board.refresh();
    expect(board.state().listProblem).toBe(refusal.message);
    expect(shown(board)).toEqual(["milk", "bread"]);
    await board.show({ ...ALL_TASKS }); // as a page that is opened once more reads it from its address
    expect(shown(board)).toEqual(["milk", "bread"]);
    board.hold("milk");
    await board.show({ ...ALL_TASKS, search: "bread" });
    expect(shown(board)).toEqual(["milk"]);
  });

  test("says nothing where another one is wanted by now", async () => {
    const server = new Server(task({ id: "a", tags: ["home"] }));
    const board = await boardOn(server);
    vi.spyOn(server, "list").mockImplementationOnce(() => Promise.reject(refusal));
    await Promise.all([board.show(wholeView("done")), board.show(withTag("home"))]);
    expect(board.state()).toMatchObject({ isLoading: false, listProblem: null, notice: null });
    expect(shown(board)).toEqual(["a"]);
  });
});

describe("a list of several pages", () => {
  const ids = ["a", "b", "c", "d", "e"];

  /** A board that shows the first of the pages. */
  async function boardOfPages() {
    const server = new Server(...ids.map((id) => task({ id })));
    server.pageSize = 2;
    return { server, board: await boardOn(server) };
  }

  /** Keeps the next answer for a list back; what it returns lets it go. */
  function holdList(server: Server): () => void {
    const list = server.list;
    let go: () => void = () => undefined;
    const isLet = new Promise<void>((resolve) => {
      go = resolve;
    });
    vi.spyOn(server, "list").mockImplementationOnce(async (...asked) => {
      const page = await list(...asked);
      await isLet;
      return page;
    });
    return go;
  }

  test("shows one after the other, and keeps those that are shown when it is asked for again", async () => {
    const { server, board } = await boardOfPages();
    expect(shown(board)).toEqual(["a", "b"]);
    await board.more();
    expect(shown(board)).toEqual(["a", "b", "c", "d"]);
    server.change("c", { title: "C" });
    await board.refresh();
    expect(shown(board)).toEqual(["a", "b", "C", "d"]);
    await board.more();
    await board.more();
    expect(shown(board)).toEqual(["a", "b", "C", "d", "e"]);
    expect(board.state().nextCursor).toBeNull();
  });

  test("keeps a page that comes while the list is asked for again", async () => {
    const { server, board } = await boardOfPages();
    const letGo = holdList(server);
    const refreshed = board.refresh();
    await board.more();
    letGo();
    await refreshed;
    expect(shown(board)).toEqual(["a", "b", "c", "d"]);
    await board.more();
    expect(shown(board)).toEqual(ids);
  });

  /** Asks for the next page, of which the answer comes after what else is done. */
  async function lateMore(server: Server, board: Board, meanwhile: () => Promise<void>): Promise<void> {
    const letGo = holdList(server);
    const more = board.more();
    await meanwhile();
    letGo();
    await more;
  }

  test("keeps a page that was asked for before the list was asked for again, and comes after", async () => {
    const { server, board } = await boardOfPages();
    await lateMore(server, board, () => board.refresh());
    expect(shown(board)).toEqual(["a", "b", "c", "d"]);
  });

  test("shows the page after the last task that it shows by now", async () => {
    const { server, board } = await boardOfPages();
    await lateMore(server, board, () => {
      server.tasks = ["new", ...ids].map((id) => task({ id }));
      return board.refresh();
    });
    expect(shown(board)).toEqual(["new", "a", "b", "c"]);
  });

  test("does not show a page of a list that is no longer wanted", async () => {
    const { server, board } = await boardOfPages();
    await lateMore(server, board, () => board.show({ ...ALL_TASKS, search: "e" }));
    expect(shown(board)).toEqual(["e"]);
  });
});

describe("lists", () => {
  test("the answer for a list that is no longer wanted is dropped", async () => {
    const server = new Server(task({ id: "a", tags: ["home"] }), task({ id: "b" }));
    const board = await boardOn(server);
    server.hold();
    const first = board.show(wholeView("done"));
    const second = board.show(withTag("home"));
    server.release();
    await Promise.all([first, second]);
    expect(shown(board)).toEqual(["a"]);
  });

  test("a list that was asked for before a change was confirmed does not take the change back", async () => {
    const server = new Server(task({ id: "a" }));
    const board = await boardOn(server);
    const stale = server.tasks;
    let answer: (() => void) | undefined;
    vi.spyOn(server, "list").mockImplementationOnce(
      () =>
        new Promise((resolve) => {
          answer = () => {
            resolve({ items: stale, next_cursor: null });
          };
        }),
    );
    const refreshed = board.refresh();
    await board.tick(taskOf(board, "a"), true);
    answer?.();
    await refreshed;
    expect(shown(board)).toEqual(["✓ a"]);
  });

  test.each([
    [task({ id: "a", due: { date: "2026-11-24", time: null } }), "today", true],
    [task({ id: "a", due: { date: "2026-11-24", time: "12:00" } }), "overdue", true],
    [task({ id: "a", due: { date: "2026-11-24", time: "12:00" }, done: true }), "overdue", false],
    [task({ id: "a", due: { date: "2026-11-25", time: null } }), "upcoming", true],
    [task({ id: "a" }), "upcoming", false],
    [task({ id: "a", done: true }), "done", true],
    [task({ id: "a", done: true }), "all", true],
  ] as const)("%o is in the view %s: %s", (one, view, belongs) => {
    expect(fits(one, wholeView(view), now)).toBe(belongs);
  });

  test("a search finds all its words in title or note, in any case", () => {
    const milk = task({ id: "a", title: "Buy Milk", description: "from the corner shop" });
    expect(fits(milk, { ...ALL_TASKS, search: "  SHOP milk " }, now)).toBe(true);
    expect(fits(milk, { ...ALL_TASKS, search: "milk bread" }, now)).toBe(false);
  });
});
