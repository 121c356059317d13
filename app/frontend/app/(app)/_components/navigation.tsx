"use client";

import { usePathname, useSearchParams } from "next/navigation";
import type { ReactNode } from "react";
import { listAddress, readListQuery, VIEW_TITLES, VIEWS, wholeView, withTag } from "@/browser/list-query";
import type { Action } from "@/browser/shortcuts";
import { useBoard } from "@/browser/use-board";
import { Icon, type IconName } from "@/components/icon";
import { ListLink } from "./list-link";
import styles from "./navigation.module.css";

const TAGS_SHOWN = 12;

interface NavigationProps {
  userName: string;
  hasClusterPage: boolean;
  onNavigate?: () => void;
  onAction: (action: Action) => void;
}

/** The ways to every page and list. */
export function Navigation({ userName, hasClusterPage, onNavigate, onAction }: NavigationProps) {
  const { counts, tags } = useBoard();
  const pathname = usePathname();
  const query = readListQuery(new URLSearchParams(useSearchParams()));
  const shown = pathname === "/tasks" ? query : null;
  // Those in use first; each group stays sorted by name.
  const used = [...tags.filter(({ open }) => open > 0), ...tags.filter(({ open }) => open === 0)].slice(0, TAGS_SHOWN);

  const entry = (href: string, icon: IconName, isCurrent: boolean, name: string, count?: number) => (
    <Entry key={href} href={href} icon={icon} isCurrent={isCurrent} count={count} onNavigate={onNavigate}>
      {name}
    </Entry>
  );
  return (
    <nav className={styles.navigation} aria-label="Main">
      <ul className={styles.group}>
        {VIEWS.map((view) =>
          entry(
            listAddress(wholeView(view)),
            view,
            shown?.view === view && shown.tag === null,
            VIEW_TITLES[view],
            counts?.[view],
          ),
        )}
      </ul>
      {used.length > 0 && (
        <ul className={styles.group} aria-label="Tags">
          {used.map(({ name, open }) => entry(listAddress(withTag(name)), "tag", shown?.tag === name, name, open))}
        </ul>
      )}
      <ul className={`${styles.group} ${styles.end}`}>
        <li>
          <button
            className={styles.entry}
            type="button"
            onClick={() => {
              onAction("assistant");
            }}
          >
            <Icon name="chat" />
            <span className={styles.name}>Assistant</span>
            <kbd className={styles.key}>c</kbd>
          </button>
        </li>
        {hasClusterPage && entry("/cluster", "cluster", pathname === "/cluster", "Cluster")}
        <li>
          <button
            className={styles.entry}
            type="button"
            onClick={() => {
              onAction("palette");
            }}
          >
            <Icon name="search" />
            <span className={styles.name}>Commands</span>
            <kbd className={styles.key}>Ctrl K</kbd>
          </button>
        </li>
        <li>
          <button
            className={styles.entry}
            type="button"
            onClick={() => {
              onAction("shortcuts");
            }}
          >
            <Icon name="keyboard" />
            <span className={styles.name}>Shortcuts</span>
            <kbd className={styles.key}>?</kbd>
          </button>
        </li>
        {entry("/settings", "settings", pathname === "/settings", "Settings")}
        <li>
          <button
            className={styles.entry}
            type="button"
            onClick={() => {
              onAction("signOut");
            }}
          >
            <Icon name="signOut" />
            Sign out
          </button>
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
  count: number | undefined;
  onNavigate: (() => void) | undefined;
  children: ReactNode;
}

function Entry({ href, icon, isCurrent, count, onNavigate, children }: EntryProps) {
  return (
    <li>
      <ListLink className={styles.entry ?? ""} href={href} aria-current={isCurrent ? "page" : undefined} onClick={() => onNavigate?.()}>
        <Icon name={icon} />
        <span className={styles.name}>{children}</span>
        {count !== undefined && count > 0 && <span className={styles.count}>{count}</span>}
      </ListLink>
    </li>
  );
}
