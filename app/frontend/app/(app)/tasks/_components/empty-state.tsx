import { ALL_TASKS, type ListQuery, listAddress, type View } from "@/browser/list-query";
import styles from "../tasks.module.css";
import { ListLink } from "../../_components/list-link";

const WORDS: Record<View, [title: string, text: string]> = {
  today: ["Nothing is due today", "Enjoy it, or pull something forward from Upcoming."],
  upcoming: ["Nothing lies ahead", "Give a task a date, and it waits for its day here."],
  overdue: ["Nothing is overdue", "All that had a date was done in time."],
  all: ["Nothing to do yet", "Write your first task above. It is yours alone: nobody else sees it."],
  done: ["Nothing is done yet", "Tick a task off, and it is kept here."],
};

/** What a list says that has no tasks. */
export function EmptyState({ query }: { query: ListQuery }) {
  const isFiltered = query.search !== "" || query.priority !== null || query.tag !== null || query.isDoneHidden;
  const [title, text] = isFiltered ? ["Nothing fits", "No task matches this search and these filters."] : WORDS[query.view];
  return (
    <section className={styles.empty}>
      <svg viewBox="0 0 120 84" aria-hidden="true" focusable="false">
        <rect className={styles.emptySheet} x="22" y="6" width="76" height="72" rx="10" />
        <path className={styles.emptyLine} d="M50 26h32M50 44h24M50 62h28" />
        <path className={styles.emptyTick} d="m33 26 3 3 6-7m-9 22 3 3 6-7m-9 22 3 3 6-7" />
      </svg>
      <h2>{title}</h2>
      <p>{text}</p>
      {isFiltered && (
        <p>
          <ListLink href={listAddress({ ...ALL_TASKS })}>Show all tasks</ListLink>
        </p>
      )}
    </section>
  );
}
