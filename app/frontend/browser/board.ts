import type { NewTask, Task, TaskApi, TaskChanges, TaskPage } from "./api";
import { type BoardState, type Conflict, START } from "./board-state";
import type { WallClock } from "./calendar";
import { asFailure, type Failure } from "./failure";
import { fits } from "./fits";
import { Identities } from "./identities";
import { listAddress, type ListQuery } from "./list-query";
import { randomId } from "./random-id";
import { Reach } from "./reach";
import { Undos } from "./undos";
import type { Writing } from "./unsaved";

/** A change that shows already and that the server has not confirmed yet. */
interface Pending {
  taskIds: string[];
  show: (tasks: Task[]) => Task[];
  /** What the user is offered to take it back with. */
  undo?: () => void;
}

/** Waits before counts and tags are asked for, so that a burst of changes asks once. */
const SUMMARY_DELAY_MS = 250;

/**
 * The signed-in user's tasks as one page shows them, and what can be done with them.
 *
 * What the server has said last is kept apart from the changes that it has not confirmed: what shows is the one with the
 * others on top. A change thus shows at once, a refused one is simply dropped, and while the server is away changes wait
 * for it. Changes of one task reach the server one after the other, in their order.
 */
export class Board {
  readonly #listeners = new Set<() => void>();
  readonly #reach = new Reach((isAway) => {
    this.#set({ isAway });
    if (!isAway && (this.#served !== undefined || this.#state.listProblem !== null)) {
      void this.refresh(); // other devices may have gone on meanwhile
    }
  });

  #state = START;
  /** What the server has said last of the list. */
  #served: Task[] | undefined;
  /** The list and the day that it said it of. */
  #query: ListQuery | undefined;
  #day: string | undefined;
  #changes: Pending[] = [];
  /** The last call for each task, by what `keyOf` says, which the next one waits for. */
  readonly #queues = new Map<string, Promise<unknown>>();
  readonly #ids = new Identities();
  /** The tasks that are being edited, by what `keyOf` says. */
  readonly #held = new Set<string>();
  readonly #undos = new Undos();
  #lists = 0;
  #notices = 0;
  #conflicts = 0;
  #summaryTimer: ReturnType<typeof setTimeout> | undefined;
  #isSummarizing = false;
  /** How many changes the server has confirmed: by now, and when counts and tags were asked for last. */
  #settled = 0;
  #summarized = 0;

  /**
   * @param now what calendar and clock on the user's wall show
   * @param onSettled runs after each change that the server has confirmed, for other tabs to be told
   */
  constructor(
    private readonly api: TaskApi,
    private readonly now: () => WallClock,
    private readonly onSettled: () => void = () => undefined,
  ) {}

  readonly subscribe = (listener: () => void) => {
    this.#listeners.add(listener);
    return () => this.#listeners.delete(listener);
  };

  readonly state = (): BoardState => this.#state;

  /** What stays the same of a task when the server gives it its id. */
  readonly keyOf = this.#ids.keyOf;

  /** Shows a list. Another view starts empty; a search or filter keeps what is shown until its answer is there. */
  async show(query: ListQuery): Promise<void> {
    const before = this.#state.query;
    if (before.view !== query.view || before.tag !== query.tag) {
      this.#served = undefined;
    }
    this.#set({ query, nextCursor: null, listProblem: null });
    await this.refresh();
  }

  /** Asks for the list again, as far as it is shown by the time of the answer. Why it cannot be had is in the state. */
  async refresh(): Promise<void> {
    this.#lists += 1;
    const asked = this.#lists;
    const { query } = this.#state;
    this.#set({ isLoading: true });
    const { day } = this.now();
    const settledBefore = this.#settled;
    try {
      const items: Task[] = [];
      let cursor: string | null = null;
      do {
        const after: string | null = cursor;
        const page: TaskPage = await this.#ask(() => this.api.list(query, this.now(), after));
        if (asked !== this.#lists) {
          return; // another list is wanted by now
        }
        items.push(...page.items);
        cursor = page.next_cursor;
      } while (cursor !== null && items.length < (this.#served?.length ?? 0));
      if (settledBefore !== this.#settled) {
        await this.refresh(); // the list may be older than a change that was confirmed meanwhile
        return;
      }
      this.#served = items;
      this.#query = query;
      this.#day = day;
      this.#set({ nextCursor: cursor, isLoading: false, listProblem: null });
      this.#summarize(0);
    } catch (error) {
      if (asked === this.#lists) {
        this.#failList(asFailure(error), query);
      }
    }
  }

  /** Shows the next page below what is shown. */
  async more(): Promise<void> {
    const { nextCursor, query } = this.#state;
    if (nextCursor === null) {
      return;
    }
    await this.#guard(async () => {
      const page = await this.#ask(() => this.api.list(query, this.now(), nextCursor));
      if (query !== this.#state.query) {
        return; // another list is wanted by now
      }
      if (nextCursor !== this.#state.nextCursor) {
        await this.more(); // the list was asked for again meanwhile, and its next page is another one
      } else {
        const known = new Set(this.#served?.map(({ id }) => id));
        this.#served = [...(this.#served ?? []), ...page.items.filter(({ id }) => !known.has(id))];
        this.#set({ nextCursor: page.next_cursor });
      }
    });
  }

  /** On a first visit: a few samples to try things on. */
  async offerSamples(): Promise<void> {
    await this.#guard(async () => {
      if ((await this.#ask(() => this.api.makeSamples(this.now().day))) > 0) {
        await this.refresh();
      }
    });
  }

  /** Adds a task. @returns why it was refused, or null */
  async add(draft: NewTask): Promise<Failure | null> {
    const id = randomId();
    const created_at = new Date().toISOString();
    const shown = { ...draft, id, done: false, sample: false, version: id, created_at, updated_at: created_at };
    const undo = () => void this.remove(asTask(shown));
    this.#say(`Added “${draft.title}”`, { undo });
    return this.#change(
      { taskIds: [id], show: (tasks) => [asTask(shown), ...tasks], undo },
      () => this.api.create(draft, id),
      (task) => {
        this.#ids.meet(id, task.id);
        this.#ids.succeed(id, id, task.version);
        const isShown = fits(task, this.#state.query, this.now());
        this.#serve((tasks) => [task, ...tasks.filter((other) => other.id !== task.id)]);
        const isTakenBack = this.#changes.some(({ taskIds }) => taskIds.includes(id));
        if (!isShown && !isTakenBack) {
          this.#say(`Added “${task.title}”; it is not on this list`, { undo });
        }
      },
    );
  }

  /** Ticks a task off, or takes the tick back. What another tab changed of it stays. */
  async tick(task: Task, done: boolean): Promise<Failure | null> {
    const undo = () => void this.tick(task, !done);
    this.#say(done ? `Done: “${task.title}”` : `To do again: “${task.title}”`, { undo });
    return this.#update(task, { done }, "override", undo);
  }

  /**
   * Saves an edit, unless the task was changed elsewhere since `opened` was read: then there is a conflict to resolve.
   * @returns why it was refused, or null
   */
  async edit(opened: Task, changes: TaskChanges): Promise<Failure | null> {
    const before = Object.fromEntries(Object.keys(changes).map((name) => [name, opened[name as keyof TaskChanges]]));
    const undo = () => void this.edit({ ...opened, ...changes }, before);
    this.#say(`Saved “${changes.title ?? opened.title}”`, { undo });
    const failure = await this.#update(opened, changes, "tell", undo);
    if (failure?.kind !== "changed") {
      return failure;
    }
    try {
      const theirs = await this.#ask(() => this.api.read(this.#ids.there(opened.id)));
      this.#replace(theirs);
      if (hasAll(theirs, changes)) {
        // An edit whose answer was lost on the way meets itself when it is sent again: it is saved.
        if (isOnly(theirs, opened, changes)) {
          this.#ids.succeed(opened.id, this.#ids.successorOf(opened.id, opened.version), theirs.version);
        }
        this.#settle();
        return null;
      }
      this.#undos.drop(undo);
      this.#conflicts += 1;
      const conflict: Conflict = { id: this.#conflicts, opened, mine: changes, theirs };
      this.#set({ conflicts: [...this.#state.conflicts, conflict], notice: null });
      return failure;
    } catch (error) {
      // There is no choice to show, so what was typed goes back.
      this.#undos.drop(undo);
      const unread = asFailure(error);
      this.#fail(unread);
      return unread;
    }
  }

  /** An edit that could not be saved, for another page to save: that one knows the server's ids and versions alone. */
  toKeep(opened: Task, changes: TaskChanges): Writing {
    const id = this.#ids.there(opened.id);
    const version = this.#ids.successorOf(id, opened.version);
    if (version !== id) {
      return { opened: { ...opened, id, version }, changes };
    }
    const { title, description, priority, tags, due } = opened; // the server has no such task
    return { draft: { title, description, priority, tags, due, ...changes } };
  }

  /** Ends the oldest conflict: with the user's own edit on top of the other one, or with the other one as it is. */
  async resolve(choice: "mine" | "theirs"): Promise<void> {
    const [conflict, ...others] = this.#state.conflicts;
    this.#set({ conflicts: others });
    if (conflict !== undefined && choice === "mine") {
      const failure = await this.edit(conflict.theirs, conflict.mine);
      if (failure !== null && failure.kind !== "changed") {
        // What was typed is in the conflict alone by now: the choice stays.
        this.#set({ conflicts: [conflict, ...this.#state.conflicts] });
      }
    }
  }

  /** Keeps a task on the list while it is edited, whatever another tab makes of it: what is typed must not go with it. */
  hold(id: string): void {
    this.#held.add(this.keyOf(id));
  }

  /** Lets a task go where the list has it go. */
  release(id: string): void {
    if (this.#held.delete(this.keyOf(id))) {
      this.#show();
    }
  }

  /** Deletes a task, unless it was changed elsewhere since it was read: then it is shown again, as it is now. */
  async remove(task: Task): Promise<Failure | null> {
    const undo = () => void this.#restore([task]);
    this.#say(`Deleted “${task.title}”`, { undo });
    const failure = await this.#change(
      { taskIds: [task.id], show: (tasks) => tasks.filter((other) => !this.#ids.isSame(other.id, task.id)), undo },
      async () => {
        const id = this.#ids.there(task.id);
        await this.api.remove(id, this.#ids.successorOf(id, task.version));
        return task;
      },
      () => {
        this.#serve((tasks) => tasks.filter((other) => !this.#ids.isSame(other.id, task.id)));
      },
    );
    if (failure?.kind === "changed") {
      this.#undos.drop(undo);
      this.#say(`“${task.title}” was changed elsewhere, and is still there. Look at it, and delete it then.`, { isError: true });
      await this.refresh();
    }
    return failure;
  }

  /** Tells of a task that is deleted already, and can be brought back. */
  async deleted(task: Task): Promise<void> {
    this.#say(`Deleted “${task.title}”`, { undo: () => void this.bringBack(task) });
    await this.changedElsewhere();
  }

  /** Brings back a task that was deleted. */
  bringBack = (task: Task): Promise<void> => this.#restore([task]);

  /** Shows what was changed past this board, as by the assistant. */
  async changedElsewhere(): Promise<void> {
    this.#settle();
    await this.refresh();
  }

  /**
   * Removes the samples, all at once. The way back is for those that were shown, of which the server tells nothing where
   * its first answer was lost, and for those that it tells of besides.
   */
  async removeSamples(): Promise<Failure | null> {
    const samples = (this.#state.tasks ?? []).filter(({ sample }) => sample);
    const shown = samples.map(({ id }) => id);
    let removed: string[] = [];
    const others = () => removed.filter((id) => !shown.includes(id));
    const undo = () => void this.#restore(samples, removal.then(others));
    const removal = this.#change(
      { taskIds: shown, show: (tasks) => tasks.filter(({ sample }) => !sample), undo },
      () => this.api.removeSamples(),
      (ids) => {
        removed = ids;
        this.#serve((tasks) => tasks.filter(({ id }) => !shown.includes(id) && !ids.includes(id)));
      },
    );
    this.#say("The sample tasks are gone", { undo });
    const failure = await removal;
    if (failure === null && !shown.every((id) => removed.includes(id))) {
      await this.refresh(); // not all that was shown was a sample by then
    }
    return failure;
  }

  /**
   * Asks for counts and tags again, and for the list where they tell of something that was not done here, as of another
   * device, where a day has begun, or where the list could not be had. Called now and then, this also notices a server
   * that has gone away.
   */
  async keepUp(): Promise<void> {
    const summary = () => JSON.stringify([this.#state.counts, this.#state.tags]);
    const before = summary();
    const isOurs = this.#state.counts === null || this.#changes.length > 0 || this.#summarized !== this.#settled;
    await this.#summarizeNow();
    const isTheirs = !isOurs && this.#summarized === this.#settled && summary() !== before;
    const { isAway, isSignedOut, listProblem } = this.#state;
    const isOld = (this.#served !== undefined && this.#day !== this.now().day) || listProblem !== null;
    if (isTheirs || (isOld && !isAway && !isSignedOut)) {
      await this.refresh();
    }
  }

  /** Takes the last change back that was not taken back yet. */
  undo(): void {
    this.#set({ notice: null });
    this.#undos.run();
  }

  /** Says that something went wrong that is not about a task. */
  tell(text: string): void {
    this.#say(text, { isError: true });
  }

  dismissNotice(): void {
    this.#set({ notice: null });
  }

  /** Tries what waits for the server now, as when the browser says that it is online. */
  wake(): void {
    this.#reach.wake();
  }

  async #summarizeNow(): Promise<void> {
    if (this.#isSummarizing || this.#state.isSignedOut) {
      return;
    }
    this.#isSummarizing = true;
    this.#summarized = this.#settled;
    await this.#guard(async () => {
      const ask = () => Promise.all([this.api.counts(this.now()), this.api.tags()]);
      const [counts, tags] = await this.#ask(ask);
      this.#set({ counts, tags });
    });
    this.#isSummarizing = false;
  }

  /** @param others the ids of tasks that were not shown, once they are known */
  async #restore(tasks: Task[], others?: Promise<string[]>): Promise<void> {
    this.#say(others === undefined ? `Brought back “${tasks[0]?.title ?? ""}”` : "The sample tasks are back", {});
    const restore = (taskId: string, ...back: Task[]) =>
      this.#change(
        {
          taskIds: [taskId],
          show: (shown) => (shown.some(({ id }) => this.#ids.isSame(id, taskId)) ? shown : [...back, ...shown]),
        },
        () => this.api.restore(this.#ids.there(taskId)),
        (restored) => {
          if (back.length > 0) {
            this.#serve((served) => [restored, ...served.filter(({ id }) => id !== restored.id)]);
          }
        },
      );
    await Promise.all([
      ...tasks.map((task) => restore(task.id, task)),
      others?.then((ids) => Promise.all(ids.map((id) => restore(id)))),
    ]);
    await this.refresh(); // each goes back to its place
  }

  /** @param otherwise what to do where the task was changed elsewhere since it was read */
  #update(task: Task, changes: TaskChanges, otherwise: "tell" | "override", undo: () => void): Promise<Failure | null> {
    let version: string | null = null;
    return this.#change(
      {
        taskIds: [task.id],
        show: (tasks) => tasks.map((other) => (this.#ids.isSame(other.id, task.id) ? asTask({ ...other, ...changes }) : other)),
        undo,
      },
      async () => {
        const id = this.#ids.there(task.id);
        version = this.#ids.successorOf(id, task.version);
        try {
          return await this.api.update(id, changes, version);
        } catch (error) {
          if (otherwise === "tell" || asFailure(error).kind !== "changed") {
            throw error;
          }
          const theirs = await this.api.read(id);
          if (isOnly(theirs, task, changes)) {
            return theirs; // a change whose answer was lost on the way has met itself
          }
          version = null;
          return this.api.update(id, changes);
        }
      },
      (updated) => {
        if (version !== null) {
          this.#ids.succeed(updated.id, version, updated.version);
        }
        this.#replace(updated);
      },
    );
  }

  /** Shows a change, sends it when its turn has come and the server is there, and keeps or drops it by the answer. */
  async #change<T>(change: Pending, work: () => Promise<T>, keep: (answer: T) => void): Promise<Failure | null> {
    this.#changes.push(change);
    this.#show();
    const keys = change.taskIds.map(this.keyOf);
    const turn = Promise.all(keys.map((key) => this.#queues.get(key) ?? Promise.resolve())).then(() => this.#ask(work));
    const isOver = turn.catch(() => undefined);
    for (const key of keys) {
      this.#queues.set(key, isOver);
    }
    try {
      const answer = await turn;
      this.#drop(change);
      keep(answer);
      this.#settle();
      return null;
    } catch (error) {
      this.#drop(change);
      const failure = asFailure(error);
      if (change.undo !== undefined && failure.kind !== "changed") {
        this.#undos.drop(change.undo);
      }
      this.#fail(failure);
      if (failure.kind === "gone") {
        this.#serve((tasks) => tasks.filter(({ id }) => !change.taskIds.some((other) => this.#ids.isSame(id, other))));
      }
      return failure;
    }
  }

  /** Asks the server, for as long as it is away; what it answers tells that the session is there (again). */
  async #ask<T>(work: () => Promise<T>): Promise<T> {
    const answer = await this.#reach.through(work);
    if (this.#state.isSignedOut) {
      this.#set({ isSignedOut: false });
      if (!this.#state.isLoading) {
        void this.refresh(); // it was refused while nobody was signed in
      }
    }
    return answer;
  }

  #drop(change: Pending): void {
    this.#changes = this.#changes.filter((other) => other !== change);
    this.#show();
  }

  #settle(): void {
    this.#settled += 1;
    this.#summarize(SUMMARY_DELAY_MS);
    if (this.#state.listProblem !== null) {
      void this.refresh(); // the server takes changes, and may list them by now
    }
    this.onSettled();
  }

  #summarize(delay: number): void {
    clearTimeout(this.#summaryTimer);
    this.#summaryTimer = setTimeout(() => void this.#summarizeNow(), delay);
  }

  async #guard(work: () => Promise<void>): Promise<void> {
    try {
      await work();
    } catch (error) {
      this.#fail(asFailure(error));
    }
  }

  #fail(failure: Failure): void {
    switch (failure.kind) {
      case "signed-out":
        this.#set({ isSignedOut: true, notice: null });
        break;
      case "changed":
        break; // the conflict says so
      default:
        this.#say(failure.message, { isError: true });
    }
  }

  /** What is shown of the list before must not stand under the words of this one. */
  #failList(failure: Failure, query: ListQuery): void {
    if (this.#query === undefined || listAddress(query) !== listAddress(this.#query)) {
      this.#served = this.#served && [];
    }
    if (failure.kind === "signed-out") {
      this.#fail(failure);
      this.#set({ isLoading: false });
    } else {
      this.#set({ isLoading: false, listProblem: failure.message });
    }
  }

  #say(text: string, { isError = false, undo }: { isError?: boolean; undo?: () => void }): void {
    this.#notices += 1;
    const canUndo = undo !== undefined && this.#undos.add(undo);
    this.#set({ notice: { id: this.#notices, text, isError, canUndo } });
  }

  #serve(change: (tasks: Task[]) => Task[]): void {
    this.#served = this.#served && change(this.#served);
    this.#show();
  }

  #replace(task: Task): void {
    this.#serve((tasks) => tasks.map((other) => (other.id === task.id ? task : other)));
  }

  /** Puts the tasks that are being edited, and are on the list no longer, back where they were shown. */
  #withHeld(tasks: Task[]): Task[] {
    const before = this.#state.tasks ?? [];
    return before.reduce((shown, task, place) => {
      const isKept = this.#held.has(this.keyOf(task.id)) && !shown.some(({ id }) => this.#ids.isSame(id, task.id));
      return isKept ? shown.toSpliced(place, 0, task) : shown;
    }, tasks);
  }

  #show(): void {
    this.#set({});
  }

  #set(changes: Partial<BoardState>): void {
    const tasks = this.#served && this.#withHeld(this.#changes.reduce((shown, { show }) => show(shown), this.#served));
    const pending = new Set(this.#changes.flatMap(({ taskIds }) => taskIds.map((id) => this.#ids.there(id))));
    this.#state = { ...this.#state, ...changes, tasks, pending };
    for (const listener of this.#listeners) {
      listener();
    }
  }
}

const hasAll = (task: Task, changes: TaskChanges): boolean =>
  Object.entries(changes).every(([name, value]) => JSON.stringify(task[name as keyof Task]) === JSON.stringify(value));

/** Whether a task is what it was when it was read, with the changes and no others. */
const isOnly = (task: Task, { title, description, done, priority, tags, due }: Task, changes: TaskChanges): boolean =>
  hasAll(task, { title, description, done, priority, tags, due, ...changes });

const asTask = (task: Partial<Task> & Pick<Task, "id" | "title">): Task => task as Task;
