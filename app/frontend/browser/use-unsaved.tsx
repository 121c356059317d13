"use client";

import { createContext, type ReactNode, useContext, useState, useSyncExternalStore } from "react";
import { type Unsaved, UnsavedWritings } from "./unsaved";

const NONE: readonly Unsaved[] = [];
const WritingsContext = createContext<UnsavedWritings | null>(null);

/** Gives the pages within it what one user wrote and the server did not save. */
export function UnsavedProvider({ userId, children }: { userId: string; children: ReactNode }) {
  const [writings] = useState(() => new UnsavedWritings(tabStorage(), `unsaved ${userId}`));
  return <WritingsContext value={writings}>{children}</WritingsContext>;
}

/** The server renders this component too, and keeps nothing. */
const tabStorage = () =>
  typeof window === "undefined" ? { getItem: () => null, setItem: () => undefined } : window.sessionStorage;

export function useUnsaved(): { writings: UnsavedWritings; kept: readonly Unsaved[] } {
  const writings = useContext(WritingsContext);
  if (writings === null) {
    throw new Error("useUnsaved() is for what is inside an UnsavedProvider");
  }
  return { writings, kept: useSyncExternalStore(writings.subscribe, writings.state, () => NONE) };
}
