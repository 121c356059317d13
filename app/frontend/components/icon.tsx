import styles from "./icon.module.css";

/** Line drawings on a grid of 24. */
const PATHS = {
  today: "M5 5h14a1 1 0 0 1 1 1v13a1 1 0 0 1-1 1H5a1 1 0 0 1-1-1V6a1 1 0 0 1 1-1zM4 10h16M8 3v4M16 3v4M12 13.5v3",
  upcoming: "M5 5h14a1 1 0 0 1 1 1v13a1 1 0 0 1-1 1H5a1 1 0 0 1-1-1V6a1 1 0 0 1 1-1zM4 10h16M8 3v4M16 3v4M9 15h6m-2.5-2.5L15 15l-2.5 2.5",
  overdue: "M12 4a8 8 0 1 0 0 16 8 8 0 0 0 0-16zM12 8v4.5l3 1.8",
  all: "M9 6.5h11M9 12h11M9 17.5h11M4.5 6.5h.01M4.5 12h.01M4.5 17.5h.01",
  done: "M12 4a8 8 0 1 0 0 16 8 8 0 0 0 0-16zM8.5 12.2l2.4 2.4 4.6-4.9",
  tag: "M4 12.5V5a1 1 0 0 1 1-1h7.5L20 11.5a1.4 1.4 0 0 1 0 2L13.5 20a1.4 1.4 0 0 1-2 0zM8.5 8.5h.01",
  cluster: "M12 3l7.5 4.3v9L12 20.7l-7.5-4.4v-9zM12 12l7.5-4.7M12 12 4.5 7.3M12 12v8.7",
  settings: "M4 7h9M17 7h3M4 17h3M11 17h9M15 4.8v4.4M9 14.8v4.4",
  signOut: "M10 4H5a1 1 0 0 0-1 1v14a1 1 0 0 0 1 1h5M14.5 8l4 4-4 4M18.5 12H9",
  menu: "M4 7h16M4 12h16M4 17h16",
  close: "M6 6l12 12M18 6 6 18",
  search: "M11 5a6 6 0 1 0 0 12 6 6 0 0 0 0-12zM15.5 15.5 20 20",
  edit: "M4 20h4L19.5 8.5a2.12 2.12 0 0 0-3-3L5 17zM14.5 7.5l3 3",
  delete: "M4 7h16M9.5 7V4h5v3M6 7l1 13h10l1-13M10 11v5M14 11v5",
  chat: "M5 5h14a1 1 0 0 1 1 1v9a1 1 0 0 1-1 1h-7l-4.5 4v-4H5a1 1 0 0 1-1-1V6a1 1 0 0 1 1-1zM8.5 9h7M8.5 12h4",
  send: "M4.5 12 20 4.5 14.5 20l-3-6.5zM11.5 13.5 20 4.5",
  stop: "M7 7h10v10H7z",
  keyboard: "M4 7h16a1 1 0 0 1 1 1v8a1 1 0 0 1-1 1H4a1 1 0 0 1-1-1V8a1 1 0 0 1 1-1zM7 10.5h.01M10.5 10.5h.01M14 10.5h.01M17 10.5h.01M8.5 14h7",
  undo: "M8 5 4 9l4 4M4.5 9H14a5 5 0 0 1 0 10H9",
  plus: "M12 5v14M5 12h14",
} as const;

export type IconName = keyof typeof PATHS;

/** A small drawing beside words, or in a button that has a name of its own. */
export function Icon({ name }: { name: IconName }) {
  return (
    <svg className={styles.icon} viewBox="0 0 24 24" aria-hidden="true" focusable="false">
      <path d={PATHS[name]} />
    </svg>
  );
}
