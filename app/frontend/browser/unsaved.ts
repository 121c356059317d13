import type { NewTask, Task, TaskChanges } from "./api";

/** What someone wrote: a new task, or what they changed of one that they had opened. */
export type Writing = { draft: NewTask } | { opened: Task; changes: TaskChanges };

/** Something written that the server did not save. */
export type Unsaved = Writing & { id: number; reason: string };

/**
 * What one user wrote that the server did not save, and that could not go back to where it was written, as that is on the
 * page no longer, or holds something else by now. It outlives the way through sign-in, in its tab.
 */
export class UnsavedWritings {
  readonly #listeners = new Set<() => void>();
  #kept: readonly Unsaved[];

  /** @param name of what `storage` has it under, for each user another one */
  constructor(
    private readonly storage: Pick<Storage, "getItem" | "setItem">,
    private readonly name: string,
  ) {
    this.#kept = JSON.parse(storage.getItem(name) ?? "[]") as Unsaved[];
  }

  readonly subscribe = (listener: () => void) => {
    this.#listeners.add(listener);
    return () => this.#listeners.delete(listener);
  };

  /** The oldest first. */
  readonly state = (): readonly Unsaved[] => this.#kept;

  keep(writing: Writing, reason: string): void {
    const id = 1 + Math.max(0, ...this.#kept.map((one) => one.id));
    this.#set([...this.#kept, { ...writing, id, reason }]);
  }

  /** Keeps it no longer: it is saved, tried again, or not wanted. */
  drop(id: number): void {
    this.#set(this.#kept.filter((one) => one.id !== id));
  }

  #set(kept: readonly Unsaved[]): void {
    this.#kept = kept;
    this.storage.setItem(this.name, JSON.stringify(kept));
    for (const listener of this.#listeners) {
      listener();
    }
  }
}
