"use client";

import Link from "next/link";
import { type ReactNode, useRef } from "react";
import { Icon } from "@/components/icon";
import { Logo } from "@/components/logo";
import { Navigation } from "./navigation";
import styles from "./shell.module.css";

interface ShellProps {
  userName: string;
  children: ReactNode;
}

/** What is around every page of someone who is signed in. On a narrow window the navigation is in a drawer. */
export function Shell({ userName, children }: ShellProps) {
  const drawer = useRef<HTMLDialogElement>(null);
  return (
    <div className={styles.shell}>
      <a className={styles.skip} href="#main">
        Skip to the content
      </a>
      <header className={styles.bar}>
        <button className={styles.barButton} type="button" aria-label="Menu" onClick={() => drawer.current?.showModal()}>
          <Icon name="menu" />
        </button>
        <Link className={styles.home} href="/tasks">
          <Logo />
        </Link>
      </header>
      <dialog
        className={styles.drawer}
        ref={drawer}
        aria-label="Menu"
        onClick={(event) => {
          // The dialog itself is only hit beside its content: on the backdrop.
          if (event.target === drawer.current) {
            drawer.current.close();
          }
        }}
      >
        <div className={styles.drawerContent}>
          <button className={styles.barButton} type="button" aria-label="Close the menu" onClick={() => drawer.current?.close()}>
            <Icon name="close" />
          </button>
          <Navigation userName={userName} onNavigate={() => drawer.current?.close()} />
        </div>
      </dialog>
      <aside className={styles.side}>
        <Link className={styles.home} href="/tasks">
          <Logo />
        </Link>
        <Navigation userName={userName} />
      </aside>
      <main className={styles.main} id="main" tabIndex={-1}>
        {children}
      </main>
    </div>
  );
}
