import type { ReactNode } from "react";
import { Logo } from "./logo";
import styles from "./message.module.css";

/** A page that has one thing to say. */
export function Message({ title, children }: { title: string; children: ReactNode }) {
  return (
    <main className={styles.message}>
      <Logo />
      <h1>{title}</h1>
      {children}
    </main>
  );
}
