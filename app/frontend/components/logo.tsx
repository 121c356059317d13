import styles from "./logo.module.css";

/** The app's name beside its mark, a tick that rises out of its box. */
export function Logo() {
  return (
    <span className={styles.logo}>
      <svg className={styles.mark} viewBox="0 0 32 32" aria-hidden="true" focusable="false">
        <path
          className={styles.box}
          d="M24.5 15.5V24a4 4 0 0 1-4 4H8a4 4 0 0 1-4-4V11.5a4 4 0 0 1 4-4h9"
        />
        <path className={styles.tick} d="m10.5 16 5 5.5L28 5" />
      </svg>
      Todo
    </span>
  );
}
