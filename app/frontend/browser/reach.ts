import { Failure } from "./failure";

const LONGEST_PAUSE_MS = 15_000;

/**
 * Asks the server again and again while it is away, ever less often, and at once when one of the waiting calls has got
 * through or the browser says that it is online. Everything that waits is thus tried soon after an outage.
 */
export class Reach {
  readonly #wakers = new Set<() => void>();
  #isAway = false;

  /** @param onChange is told when the server goes away, and when it is back */
  constructor(private readonly onChange: (isAway: boolean) => void) {}

  /** The work's result. @throws what the work throws, unless that says that the server is away */
  async through<T>(work: () => Promise<T>): Promise<T> {
    for (let tries = 0; ; tries += 1) {
      try {
        const result = await work();
        this.#tell(false);
        return result;
      } catch (error) {
        if (!(error instanceof Failure) || error.kind !== "away") {
          this.#tell(false);
          throw error;
        }
        this.#tell(true);
        await this.#pause(Math.min(1000 * 2 ** tries, LONGEST_PAUSE_MS));
      }
    }
  }

  /** Tries everything that waits now. */
  wake(): void {
    for (const wake of this.#wakers) {
      wake();
    }
  }

  #tell(isAway: boolean): void {
    if (isAway !== this.#isAway) {
      this.#isAway = isAway;
      this.onChange(isAway);
      if (!isAway) {
        this.wake();
      }
    }
  }

  #pause(milliseconds: number): Promise<void> {
    return new Promise((resolve) => {
      const wake = () => {
        clearTimeout(timer);
        this.#wakers.delete(wake);
        resolve();
      };
      const timer = setTimeout(wake, milliseconds);
      this.#wakers.add(wake);
    });
  }
}
