/** Which ids and versions of this page and of the server mean the same task, and the same state of it. */
export class Identities {
  /** Tasks that were made here have an id of the page's own until the server gives one. */
  readonly #here = new Map<string, string>();
  readonly #there = new Map<string, string>();
  /** By task and version, as tasks made at once share one: the version that a change of ours made of it. */
  readonly #successors = new Map<string, string>();

  /** The server has given its id to a task that was made here. */
  meet(here: string, there: string): void {
    this.#here.set(there, here);
    this.#there.set(here, there);
  }

  /** What stays the same of a task when the server gives it its id. */
  readonly keyOf = (id: string): string => this.#here.get(id) ?? id;

  /** The server's id of a task, once it has one. */
  there(id: string): string {
    return this.#there.get(id) ?? id;
  }

  isSame(id: string, other: string): boolean {
    return this.there(id) === this.there(other);
  }

  /** A change of ours made one version into the other. */
  succeed(id: string, version: string, successor: string): void {
    this.#successors.set(`${this.there(id)} ${version}`, successor);
  }

  /** What our own changes have made of a version. */
  successorOf(id: string, version: string): string {
    const after = (one: string) => this.#successors.get(`${this.there(id)} ${one}`);
    let last = version;
    for (let next = after(last); next !== undefined; next = after(last)) {
      last = next;
    }
    return last;
  }
}
