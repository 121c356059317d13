import { type FocusEvent, useEffect, useRef } from "react";

/**
 * Keeps the focus from being lost with what has it, as a row goes with its list: then the heading of what is shown now has
 * it. @returns what the element needs inside which this holds; it looks when its component renders
 */
export function useKeptFocus() {
  const holder = useRef<Element | null>(null);

  useEffect(() => {
    if (holder.current?.isConnected === false) {
      holder.current = null;
      if (document.activeElement === document.body) {
        focusHeading();
      }
    }
  });

  return {
    onFocus: (event: FocusEvent) => {
      holder.current = event.target;
    },
    // What is taken out of the page loses the focus without one of React's events.
    onBlur: () => {
      holder.current = null;
    },
  };
}

function focusHeading(): void {
  const heading = document.querySelector<HTMLElement>("main h1");
  if (heading !== null) {
    heading.tabIndex = -1;
    heading.focus();
  }
}
