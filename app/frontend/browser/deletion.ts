import type { Task } from "./api";
import { asFailure, unlessGone } from "./failure";

/** What became of a task whose deletion the user confirmed, for the user to read. */
interface Decided {
  outcome: string;
  isDeleted: boolean;
}

const DELETED: Decided = { outcome: "Deleted", isDeleted: true };
const not = (outcome: string): Decided => ({ outcome, isDeleted: false });

/**
 * Sends the user's click, and tells what became of the task. A token that the server knows no more may be one that has
 * deleted it, where that answer was lost: so the task is looked for, and where there is none, it is deleted.
 * @throws Failure where that is not known, as while the server is away: then the same click can be sent again
 */
export async function deleteAsked(confirm: () => Promise<Task>, read: () => Promise<Task>): Promise<Decided> {
  try {
    await confirm();
    return DELETED;
  } catch (error) {
    const failure = asFailure(error);
    switch (failure.kind) {
      case "away":
      case "signed-out":
        throw failure;
      case "gone":
        return (await isGone(read)) ? DELETED : not("The question is too old. Ask again.");
      case "changed": // or deleted elsewhere in the same moment
        return (await isGone(read)) ? DELETED : not("The task was changed since. Ask again.");
      default:
        return not(failure.message);
    }
  }
}

const isGone = async (read: () => Promise<Task>) => (await read().catch(unlessGone)) === undefined;
