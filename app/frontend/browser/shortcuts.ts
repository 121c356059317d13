import { useEffect } from "react";

/** What a key does; the sheet of shortcuts is made of these, and so are the keys. */
export const SHORTCUTS = [
  { keys: "n", does: "Write a new task", action: "newTask" },
  { keys: "/", does: "Search", action: "search" },
  { keys: "z", does: "Undo the last change", action: "undo" },
  { keys: "j", does: "Next task", action: "next" },
  { keys: "k", does: "Previous task", action: "previous" },
  { keys: "x", does: "Tick or untick the task", action: "tick" },
  { keys: "e", does: "Edit the task", action: "edit" },
  { keys: "d", does: "Delete the task", action: "delete" },
  { keys: "g t", does: "Go to Today", action: "today" },
  { keys: "g u", does: "Go to Upcoming", action: "upcoming" },
  { keys: "g o", does: "Go to Overdue", action: "overdue" },
  { keys: "g a", does: "Go to All tasks", action: "all" },
  { keys: "g d", does: "Go to Done", action: "done" },
  { keys: "c", does: "Open or close the assistant", action: "assistant" },
  { keys: "g s", does: "Go to Settings", action: "settings" },
  { keys: "?", does: "Show this sheet", action: "shortcuts" },
] as const;

export type Action = (typeof SHORTCUTS)[number]["action"] | "palette" | "cluster" | "signOut";

const SWITCH = "single-key-shortcuts";
const SEQUENCE_MS = 1_000;

/** Whether single keys do something: who dictates, or hits keys by accident, can switch them off (WCAG 2.1.4). */
export const areSingleKeysOn = (): boolean => window.localStorage.getItem(SWITCH) !== "off";

export function switchSingleKeys(on: boolean): void {
  window.localStorage.setItem(SWITCH, on ? "on" : "off");
}

/**
 * Runs what a key stands for, wherever the focus is but in a field or a dialog. Ctrl+K and ⌘K work in fields too, where
 * Ctrl+Z and ⌘Z are the field's own.
 */
export function useShortcuts(run: (action: Action) => void): void {
  useEffect(() => {
    let first = "";
    let firstAt = 0;

    function onKeyDown(event: KeyboardEvent) {
      const withControl = (event.ctrlKey || event.metaKey) && !event.altKey && !event.shiftKey ? event.key.toLowerCase() : "";
      if (withControl === "k" || (withControl === "z" && !isBusyElsewhere(event.target))) {
        event.preventDefault();
        run(withControl === "k" ? "palette" : "undo");
        return;
      }
      if (event.ctrlKey || event.metaKey || event.altKey || event.repeat || isBusyElsewhere(event.target) || !areSingleKeysOn()) {
        return;
      }
      const sequence = first !== "" && event.timeStamp - firstAt < SEQUENCE_MS ? `${first} ${event.key}` : event.key;
      first = event.key === "g" && sequence === "g" ? "g" : "";
      firstAt = event.timeStamp;
      const shortcut = SHORTCUTS.find(({ keys }) => keys === sequence);
      if (shortcut !== undefined) {
        event.preventDefault();
        run(shortcut.action);
      }
    }

    document.addEventListener("keydown", onKeyDown);
    return () => {
      document.removeEventListener("keydown", onKeyDown);
    };
  }, [run]);
}

function isBusyElsewhere(target: EventTarget | null): boolean {
  const typesIn = "input:not([type=checkbox], [type=radio]), textarea, select, [contenteditable]";
  return target instanceof Element && (target.closest(typesIn) !== null || document.querySelector("dialog:modal") !== null);
}
