/** How to take back the last changes, one after the other, the latest first. */
export class Undos {
  #undos: (() => void)[] = [];
  #isUndoing = false;

  /**
   * Puts the way back from a change on top, once; a change that takes another one back gets none.
   * @returns whether it is there
   */
  add(undo: () => void): boolean {
    this.drop(undo);
    if (!this.#isUndoing) {
      this.#undos.push(undo);
    }
    return !this.#isUndoing;
  }

  /** Forgets the way back from a change that did not come to be. */
  drop(undo: () => void): void {
    this.#undos = this.#undos.filter((other) => other !== undo);
  }

  /** Takes the last change back. What it does until its first `await` counts as part of that. */
  run(): void {
    this.#isUndoing = true;
    this.#undos.pop()?.();
    this.#isUndoing = false;
  }
}
