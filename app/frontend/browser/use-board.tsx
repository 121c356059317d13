"use client";

import { createContext, type ReactNode, useContext, useEffect, useLayoutEffect, useState, useSyncExternalStore } from "react";
import { taskApi } from "./api";
import { Board } from "./board";
import { type BoardState, START } from "./board-state";
import { type WallClock, wallClock } from "./calendar";
import { tokensFor } from "./token";

const PULSE_MS = 30_000;

const BoardContext = createContext<Board | null>(null);
const UserContext = createContext("");

/** Gives the pages within it one board, keeps it in step with other tabs, and feels the server's pulse. */
export function BoardProvider({ userId, children }: { userId: string; children: ReactNode }) {
  const [{ board, channel }] = useState(makeBoard);

  // Before the effects within, which ask for tasks.
  useLayoutEffect(() => {
    tokensFor(userId);
  }, [userId]);

  useEffect(() => {
    const refresh = () => void board.refresh();
    const pulse = () => {
      if (document.visibilityState === "visible") {
        void board.keepUp();
      }
    };
    // What happened while nobody looked shows at once.
    const look = () => {
      if (document.visibilityState === "visible") {
        void board.refresh();
      }
    };
    const wake = () => {
      board.wake();
    };
    const timer = setInterval(pulse, PULSE_MS);
    channel?.addEventListener("message", refresh);
    window.addEventListener("offline", pulse);
    window.addEventListener("online", wake);
    document.addEventListener("visibilitychange", look);
    if (board.state().query === START.query) {
      pulse(); // a page with no list, which would have asked by now, shows the counts and tags beside it all the same
    }
    return () => {
      clearInterval(timer);
      channel?.removeEventListener("message", refresh);
      window.removeEventListener("offline", pulse);
      window.removeEventListener("online", wake);
      document.removeEventListener("visibilitychange", look);
    };
  }, [board, channel]);

  return (
    <UserContext value={userId}>
      <BoardContext value={board}>{children}</BoardContext>
    </UserContext>
  );
}

function makeBoard() {
  // The server renders this component too, and has nobody to tell.
  const channel = typeof window === "undefined" ? null : new BroadcastChannel("tasks");
  const board = new Board(
    taskApi,
    () => wallClock(new Date()),
    () => channel?.postMessage("changed"),
  );
  return { board, channel };
}

/** The board, and what it shows now. */
export function useBoard(): BoardState & { board: Board } {
  const board = useContext(BoardContext);
  if (board === null) {
    throw new Error("useBoard() is for what is inside a BoardProvider");
  }
  return { ...useSyncExternalStore(board.subscribe, board.state, board.state), board };
}

/** Whose board it is. */
export const useUserId = (): string => useContext(UserContext);

/** What calendar and clock on the user's wall show; null on the server, which does not know. */
export function useWallClock(): WallClock | null {
  const text = useSyncExternalStore(onMinute, () => Object.values(wallClock(new Date())).join(" "), () => "");
  const [day, time] = text.split(" ");
  return day !== undefined && time !== undefined ? { day, time } : null;
}

function onMinute(tell: () => void) {
  const timer = setInterval(tell, 5_000);
  return () => {
    clearInterval(timer);
  };
}
