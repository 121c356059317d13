"use client";

import { type KeyboardEvent, useEffect, useId, useRef, useState } from "react";
import { ALL_TASKS, listAddress, VIEW_TITLES, VIEWS, wholeView, withTag } from "@/browser/list-query";
import type { Action } from "@/browser/shortcuts";
import { applyTheme, type Theme } from "@/browser/theme";
import { useBoard } from "@/browser/use-board";
import controls from "@/components/controls.module.css";
import { Icon, type IconName } from "@/components/icon";
import styles from "./palette.module.css";

interface PaletteProps {
  hasClusterPage: boolean;
  onClose: () => void;
  onAction: (action: Action) => void;
  onGo: (address: string) => void;
}

/** Goes to an address, does what a key does, or shows a theme. */
interface Command {
  name: string;
  icon: IconName;
  goes?: string;
  does?: Action;
  theme?: Theme;
}

/** Every command by name: type a part of it, choose with the arrows, Enter runs it. */
export default function Palette({ hasClusterPage, onClose, onAction, onGo }: PaletteProps) {
  const id = useId();
  const { tags } = useBoard();
  const dialog = useRef<HTMLDialogElement>(null);
  const [text, setText] = useState("");
  const [chosen, setChosen] = useState(0);

  useEffect(() => {
    dialog.current?.showModal();
  }, []);

  const commands: Command[] = [
    { name: "New task", icon: "plus", does: "newTask" },
    ...VIEWS.map((view): Command => ({ name: VIEW_TITLES[view], icon: view, goes: listAddress(wholeView(view)) })),
    ...tags.map(({ name }): Command => ({ name: `#${name}`, icon: "tag", goes: listAddress(withTag(name)) })),
    { name: "Undo the last change", icon: "undo", does: "undo" },
    { name: "Assistant", icon: "chat", does: "assistant" },
    ...(hasClusterPage ? [{ name: "Cluster", icon: "cluster", does: "cluster" } as const] : []),
    { name: "Keyboard shortcuts", icon: "keyboard", does: "shortcuts" },
    { name: "Settings", icon: "settings", goes: "/settings" },
    { name: "Light theme", icon: "settings", theme: "light" },
    { name: "Dark theme", icon: "settings", theme: "dark" },
    { name: "Theme of the system", icon: "settings", theme: "system" },
    { name: "Sign out", icon: "signOut", does: "signOut" },
  ];
  const wanted = text.trim();
  const found = commands.filter(({ name }) => name.toLowerCase().includes(wanted.toLowerCase()));
  if (wanted !== "") {
    const search = listAddress({ ...ALL_TASKS, search: wanted });
    found.push({ name: `Search tasks for “${wanted}”`, icon: "search", goes: search });
  }
  const at = Math.min(chosen, found.length - 1);

  function run(command: Command | undefined) {
    // Closed first: the dialog gives the focus back, and the command may then move it.
    dialog.current?.close();
    if (command?.goes !== undefined) {
      onGo(command.goes);
    } else if (command?.does !== undefined) {
      onAction(command.does);
    } else if (command?.theme !== undefined) {
      applyTheme(command.theme);
    }
  }

  function onKeyDown(event: KeyboardEvent) {
    const step = { ArrowDown: 1, ArrowUp: -1 }[event.key];
    if (step !== undefined) {
      event.preventDefault();
      const next = (at + step + found.length) % found.length;
      setChosen(next);
      document.getElementById(`${id}-${next}`)?.scrollIntoView({ block: "nearest" });
    } else if (event.key === "Enter") {
      event.preventDefault();
      run(found[at]);
    }
  }

  return (
    <dialog
      className={`${controls.dialog} ${styles.palette}`}
      ref={dialog}
      aria-label="Commands"
      onClose={onClose}
      onClick={(event) => {
        if (event.target === dialog.current) {
          dialog.current.close();
        }
      }}
    >
      <input
        className={styles.input}
        role="combobox"
        aria-label="Command"
        aria-expanded="true"
        aria-controls={`${id}-list`}
        aria-activedescendant={`${id}-${at}`}
        autoComplete="off"
        maxLength={100}
        placeholder="Type a command, a tag or a search"
        value={text}
        onChange={(event) => {
          setText(event.target.value);
          setChosen(0);
        }}
        onKeyDown={onKeyDown}
      />
      <ul className={styles.list} id={`${id}-list`} role="listbox" aria-label="Commands">
        {found.map((command, index) => (
          <li
            key={command.name}
            id={`${id}-${index}`}
            className={styles.command}
            role="option"
            aria-selected={index === at}
            onClick={() => {
              run(command);
            }}
          >
            <Icon name={command.icon} />
            {command.name}
          </li>
        ))}
      </ul>
    </dialog>
  );
}
