"use client";

import { useEffect, useRef, useState } from "react";
import { areSingleKeysOn, SHORTCUTS, switchSingleKeys } from "@/browser/shortcuts";
import controls from "@/components/controls.module.css";
import styles from "./shortcut-sheet.module.css";

const WITH_CONTROL = [
  ["K", "Commands"],
  ["Z", "Undo"],
];

/** Every shortcut, and the switch that turns single keys off. */
export default function ShortcutSheet({ onClose }: { onClose: () => void }) {
  const dialog = useRef<HTMLDialogElement>(null);
  const title = useRef<HTMLHeadingElement>(null);
  const [isOn, setIsOn] = useState(areSingleKeysOn);

  useEffect(() => {
    dialog.current?.showModal();
    title.current?.focus(); // of itself the focus would go to the switch, at the end of what may be a long sheet
  }, []);

  return (
    <dialog className={`${controls.dialog} ${styles.sheet}`} ref={dialog} aria-labelledby="shortcuts-title" onClose={onClose}>
      <h2 id="shortcuts-title" ref={title} tabIndex={-1}>
        Keyboard shortcuts
      </h2>
      <dl className={styles.list}>
        {WITH_CONTROL.map(([key, does]) => (
          <div key={key}>
            <dt>
              <kbd>Ctrl</kbd> / <kbd>⌘</kbd> <kbd>{key}</kbd>
            </dt>
            <dd>{does}</dd>
          </div>
        ))}
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
        Use single-key shortcuts
      </label>
      <button className={`${controls.button} ${controls.primary}`} type="button" onClick={() => dialog.current?.close()}>
        Close
      </button>
    </dialog>
  );
}
