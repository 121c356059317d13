import { type FocusEvent, useEffect, useRef } from "react";

/**
 * Keeps the focus from being lost with what has it, as a row goes with its list: then the heading of what is shown now has
 * it, or the assistant where it covers that. @returns what the element needs inside which this holds; it looks when its
 * component renders
 */
export function useKeptFocus() {
  const holder = useRef<Element | null>(null);

  useEffect(() => {
    if (holder.current?.isConnected === false) {
      holder.current = null;
      if (document.activeElement === document.body) {
        focusInstead("main h1");
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

/**
 * Puts the focus on something of the page that is to have it in the place of what goes; or, while the assistant covers the
 * page, which cannot have it then, on the assistant's line. What the user looks at stays in view.
 */
export function focusInstead(selector: string): void {
  const line = document.querySelector<HTMLElement>("dialog:modal #assistant-message");
  if (line !== null) {
    line.focus({ preventScroll: true });
    return;
  }
  const place = document.querySelector<HTMLElement>(selector);
  if (place !== null) {
    place.tabIndex = -1;
    place.focus({ preventScroll: true });
  }
}
