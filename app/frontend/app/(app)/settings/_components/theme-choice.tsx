"use client";

import { useEffect, useState } from "react";
import { applyTheme, currentTheme, type Theme, THEMES } from "@/browser/theme";
import styles from "../settings.module.css";

const WORDS: Record<Theme, string> = { system: "Same as the system", light: "Light", dark: "Dark" };

export function ThemeChoice() {
  const [theme, setTheme] = useState<Theme>();

  useEffect(() => {
    // Only the browser knows: the palette may have changed it since the page was made.
    // eslint-disable-next-line react-hooks/set-state-in-effect
    setTheme(currentTheme());
  }, []);

  return (
    <fieldset className={styles.choices}>
      <legend>Theme</legend>
      {THEMES.map((name) => (
        <label key={name} className={styles.choice}>
          <input
            type="radio"
            name="theme"
            checked={theme === name}
            onChange={() => {
              applyTheme(name);
              setTheme(name);
            }}
          />
          {WORDS[name]}
        </label>
      ))}
    </fieldset>
  );
}
