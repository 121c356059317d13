"use client";

import { useEffect, useRef, useState } from "react";
import { areSingleKeysOn, SHORTCUTS, switchSingleKeys } from "@/browser/shortcuts";
import controls from "@/components/controls.module.css";
import styles from "./shortcut-sheet.module.css";

/** Every shortcut, and the switch that turns single keys off. */
export default function ShortcutSheet({ onClose }: { onClose: () => void }) {
  const dialog = useRef<HTMLDialogElement>(null);
  const [isOn, setIsOn] = useState(areSingleKeysOn);

  useEffect(() => {
    dialog.current?.showModal();
  }, []);

  return (
    <dialog className={`${controls.dialog} ${styles.sheet}`} ref={dialog} aria-labelledby="shortcuts-title" onClose={onClose}>
      <h2 id="shortcuts-title">Keyboard shortcuts</h2>
      <dl className={styles.list}>
        <div>
          <dt>
            <kbd>Ctrl</kbd> or <kbd>⌘</kbd> <kbd>K</kbd>
          </dt>
          <dd>All commands, and search</dd>
        </div>
        {SHORTCUTS.map(({ keys, does }) => (
          <div key={keys} data-off={!isOn}>
            <dt>
              {keys.split(" ").map((key) => (
                <kbd key={key}>{key}</kbd>
              ))}
            </dt>
            <dd>{does}</dd>
          </div>
        ))}
      </dl>
      <label className={styles.switch}>
        <input
          type="checkbox"
          checked={isOn}
          onChange={(event) => {
            switchSingleKeys(event.target.checked);
            setIsOn(event.target.checked);
          }}
        />
        Single keys work
      </label>
      <button className={`${controls.button} ${controls.primary}`} type="button" onClick={() => dialog.current?.close()}>
        Close
      </button>
    </dialog>
  );
}
