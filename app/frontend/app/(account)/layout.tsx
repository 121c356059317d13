import { redirect } from "next/navigation";
import type { ReactNode } from "react";
import { Logo } from "@/components/logo";
import { currentSession } from "@/server/session";
import styles from "./account.module.css";

const EXAMPLES = ["Write down what is on your mind", "Tick off what is done", "Sleep well"];

export default async function AccountLayout({ children }: { children: ReactNode }) {
  if ((await currentSession()) !== null) {
    redirect("/tasks");
  }
  return (
    <div className={styles.page}>
      <header className={styles.brand}>
        <Logo />
        <div className={styles.pitch}>
          <p className={styles.slogan}>Out of your head, onto the list.</p>
          <ul className={styles.examples} aria-hidden="true">
            {EXAMPLES.map((example) => (
              <li key={example}>{example}</li>
            ))}
          </ul>
        </div>
      </header>
      <main className={styles.main}>{children}</main>
    </div>
  );
}
