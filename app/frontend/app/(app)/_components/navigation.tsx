"use client";

import Link from "next/link";
import { usePathname, useSearchParams } from "next/navigation";
import type { MouseEvent, ReactNode } from "react";
import { readListQuery, VIEW_TITLES, VIEWS, listAddress, wholeView } from "@/browser/list-query";
import { Icon, type IconName } from "@/components/icon";
import styles from "./navigation.module.css";
import { SignOutButton } from "./sign-out-button";

interface NavigationProps {
  userName: string;
  onNavigate?: () => void;
}

/** The ways to every page and list. */
export function Navigation({ userName, onNavigate }: NavigationProps) {
  const pathname = usePathname();
  const query = readListQuery(useSearchParams());
  const shown = pathname === "/tasks" ? query : null;

  return (
    <nav className={styles.navigation} aria-label="Main">
      <ul className={styles.group}>
        {VIEWS.map((view) => (
          <Entry
            key={view}
            href={listAddress(wholeView(view))}
            icon={view}
            isCurrent={shown?.view === view && shown.tag === null}
            onNavigate={onNavigate}
          >
            {VIEW_TITLES[view]}
          </Entry>
        ))}
      </ul>
      <ul className={`${styles.group} ${styles.end}`}>
        <Entry href="/settings" icon="settings" isCurrent={pathname === "/settings"} onNavigate={onNavigate}>
          Settings
        </Entry>
        <li>
          <SignOutButton className={styles.entry ?? ""} />
        </li>
      </ul>
      <p className={styles.user} title={userName}>
        Signed in as {userName}
      </p>
    </nav>
  );
}

interface EntryProps {
  href: string;
  icon: IconName;
  isCurrent: boolean;
  onNavigate: (() => void) | undefined;
  children: ReactNode;
}

function Entry({ href, icon, isCurrent, onNavigate, children }: EntryProps) {
  const pathname = usePathname();

  function follow(event: MouseEvent) {
    onNavigate?.();
    const isPlainClick = event.button === 0 && !event.metaKey && !event.ctrlKey && !event.shiftKey && !event.altKey;
    if (isPlainClick && pathname === "/tasks" && href.startsWith("/tasks")) {
      // From list to list the page stays, and nothing need be asked of the server but the tasks.
      event.preventDefault();
      window.history.pushState(null, "", href);
    }
  }

  return (
    <li>
      <Link className={styles.entry} href={href} aria-current={isCurrent ? "page" : undefined} onClick={follow}>
        <Icon name={icon} />
        <span>{children}</span>
      </Link>
    </li>
  );
}
