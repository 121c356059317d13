"use client";

import Link from "next/link";
import { usePathname, useRouter } from "next/navigation";
import { Activity, type ReactNode, useCallback, useEffect, useRef, useState } from "react";
import { signOut } from "@/browser/account";
import { Failure } from "@/browser/failure";
import { listAddress, wholeView } from "@/browser/list-query";
import { type Action, useShortcuts } from "@/browser/shortcuts";
import { BoardProvider, useBoard } from "@/browser/use-board";
import { useMedia } from "@/browser/use-media";
import { UnsavedProvider } from "@/browser/use-unsaved";
import { Icon } from "@/components/icon";
import { Logo } from "@/components/logo";
import { Away } from "./away";
import { useKeptFocus } from "./kept-focus";
import { late, useEarly } from "./late";
import { Navigation } from "./navigation";
import { Notices } from "./notices";
import { Served } from "./served";
import styles from "./shell.module.css";

const loadAssistant = () => import("./assistant");
const loadPalette = () => import("./palette");
const loadShortcutSheet = () => import("./shortcut-sheet");
const loadConflictDialog = () => import("./conflict-dialog");
const LOADS = [loadAssistant, loadPalette, loadShortcutSheet, loadConflictDialog];

/** Beside the page there is room for the assistant; elsewhere it covers the page. */
const WIDE = "(min-width: 70rem)";

const Assistant = late("The assistant", loadAssistant);
const Palette = late("The list of commands", loadPalette);
const ShortcutSheet = late("The list of shortcuts", loadShortcutSheet);
const ConflictDialog = late("The choice between two edits", loadConflictDialog);

interface ShellProps {
  userId: string;
  userName: string;
  /** The pod that renders the page. */
  pod: string;
  hasClusterPage: boolean;
  children: ReactNode;
}

/** What is around every page of someone who is signed in. */
export function Shell(props: ShellProps) {
  return (
    <BoardProvider key={props.userId} userId={props.userId}>
      <UnsavedProvider userId={props.userId}>
        <Frame {...props} />
      </UnsavedProvider>
    </BoardProvider>
  );
}

/** On a narrow window the navigation is in a drawer. */
function Frame({ userName, pod, hasClusterPage, children }: ShellProps) {
  const { board, conflicts, pending } = useBoard();
  const drawer = useRef<HTMLDialogElement>(null);
  const [opened, setOpened] = useState<"palette" | "shortcuts" | null>(null);
  const [isAssistantOpen, setIsAssistantOpen] = useState(false);
  const [wasAssistantOpen, setWasAssistantOpen] = useState(false);
  const go = useGo();
  const isCovered = !useMedia(WIDE) && isAssistantOpen;
  const [conflict] = conflicts;

  const leave = useCallback(() => {
    signOut()
      .then((refusal) => {
        if (refusal !== null) {
          throw new Failure("refused", refusal.message);
        }
        // A full load: the token in memory goes with the page.
        // eslint-disable-next-line @next/next/no-location-assign-relative-destination
        window.location.assign("/sign-in");
      })
      .catch(() => {
        board.tell("Not signed out: the server cannot be reached");
      });
  }, [board]);

  const run = useCallback(
    (action: Action) => {
      switch (action) {
        case "palette":
        case "shortcuts":
          setOpened(action);
          break;
        case "undo":
          board.undo();
          break;
        case "signOut":
          leave();
          break;
        case "assistant":
          setWasAssistantOpen(true);
          setIsAssistantOpen((isOpen) => !isOpen);
          break;
        case "settings":
        case "cluster":
          go(`/${action}`);
          break;
        case "newTask":
          focusOn("#new-task", go);
          break;
        case "search":
          focusOn("[data-search]", go);
          break;
        case "next":
        case "previous":
        case "tick":
        case "edit":
        case "delete":
          onTask(action);
          break;
        default:
          go(listAddress(wholeView(action)));
      }
    },
    [board, go, leave],
  );
  useShortcuts(run);
  useEarly(LOADS);
  useStay(pending.size > 0);
  const keptFocus = useKeptFocus();

  // Only what closes: its event may come when the next one is shown already.
  const closing = (closed: typeof opened) => () => {
    setOpened((shown) => (shown === closed ? null : shown));
  };
  return (
    // A deletion that waits has no row that would show it.
    <div className={styles.shell} data-assistant={isAssistantOpen} data-pending={pending.size > 0} {...keptFocus}>
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
        <button
          className={styles.barButton}
          type="button"
          aria-label="Commands"
          onClick={() => {
            run("palette");
          }}
        >
          <Icon name="search" />
        </button>
        <button
          className={styles.barButton}
          type="button"
          aria-label="Assistant"
          onClick={() => {
            run("assistant");
          }}
        >
          <Icon name="chat" />
        </button>
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
          <button
            className={styles.barButton}
            type="button"
            aria-label="Close the menu"
            onClick={() => drawer.current?.close()}
          >
            <Icon name="close" />
          </button>
          <Navigation
            userName={userName}
            hasClusterPage={hasClusterPage}
            onNavigate={() => drawer.current?.close()}
            onAction={(action) => {
              drawer.current?.close();
              run(action);
            }}
          />
        </div>
      </dialog>
      <aside className={styles.side}>
        <Link className={styles.home} href="/tasks">
          <Logo />
        </Link>
        <Navigation userName={userName} hasClusterPage={hasClusterPage} onAction={run} />
      </aside>
      <div className={styles.content}>
        <main className={styles.main} id="main" tabIndex={-1}>
          {!isCovered && <Away />}
          {children}
        </main>
        <Served pod={pod} />
      </div>
      {!isCovered && <Notices />}
      {wasAssistantOpen && (
        // Closed, it keeps its conversation, with its undo buttons and open questions.
        <Activity mode={isAssistantOpen ? "visible" : "hidden"}>
          <Assistant
            isModal={isCovered}
            onClose={() => {
              setIsAssistantOpen(false);
            }}
          >
            {isCovered && (
              <>
                <Away covered />
                <Notices />
              </>
            )}
          </Assistant>
        </Activity>
      )}
      {opened === "palette" && <Palette hasClusterPage={hasClusterPage} onClose={closing("palette")} onAction={run} onGo={go} />}
      {opened === "shortcuts" && <ShortcutSheet onClose={closing("shortcuts")} />}
      {conflict !== undefined && <ConflictDialog key={conflict.id} conflict={conflict} />}
    </div>
  );
}

/** Has the browser ask before the page is left with changes that wait for the server. */
function useStay(isWaiting: boolean): void {
  useEffect(() => {
    if (!isWaiting) {
      return;
    }
    const ask = (event: BeforeUnloadEvent) => {
      event.preventDefault();
    };
    window.addEventListener("beforeunload", ask);
    return () => {
      window.removeEventListener("beforeunload", ask);
    };
  }, [isWaiting]);
}

/** Goes to an address of the app; from list to list the page stays. */
function useGo(): (address: string) => void {
  const router = useRouter();
  const pathname = usePathname();
  return useCallback(
    (address: string) => {
      if (pathname === "/tasks" && address.startsWith("/tasks")) {
        window.history.pushState(null, "", address);
      } else {
        router.push(address);
      }
    },
    [router, pathname],
  );
}

/** Puts the focus on something of the task page, or goes there where it is not shown. */
function focusOn(selector: string, go: (address: string) => void): void {
  const element = document.querySelector<HTMLElement>(selector);
  if (element === null) {
    go("/tasks");
  } else {
    element.focus();
  }
}

/** Moves between tasks, or does something to the one that has the focus. */
function onTask(action: "next" | "previous" | "tick" | "edit" | "delete"): void {
  const rows = [...document.querySelectorAll<HTMLElement>("[data-task]")];
  const at = rows.findIndex((row) => row.contains(document.activeElement));
  switch (action) {
    case "next":
    case "previous": {
      const next = action === "next" ? at + 1 : Math.max(at, 0) - 1;
      rows[Math.min(Math.max(next, 0), rows.length - 1)]?.querySelector("input")?.focus();
      break;
    }
    case "tick":
      rows[at]?.querySelector<HTMLElement>("input[type=checkbox]")?.click();
      break;
    case "edit":
    case "delete":
      rows[at]?.querySelector<HTMLElement>(`[data-${action}]`)?.click();
  }
}
