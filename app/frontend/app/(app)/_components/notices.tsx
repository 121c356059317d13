"use client";

import { useEffect, useState } from "react";
import { useBoard } from "@/browser/use-board";
import { Icon } from "@/components/icon";
import { focusInstead } from "./kept-focus";
import styles from "./notices.module.css";

const SHOWN_MS = 10_000;

/**
 * The last thing that happened, and the way back from it. It goes by itself, but not while the pointer or the focus is on
 * it, and not when it tells of an error. The key `z` undoes also later, and one change after the other.
 */
export function Notices() {
  const { board, notice } = useBoard();
  const [isHeld, setIsHeld] = useState(false);

  useEffect(() => {
    if (notice === null || notice.isError || isHeld) {
      return;
    }
    const timer = setTimeout(() => {
      board.dismissNotice();
    }, SHOWN_MS);
    return () => {
      clearTimeout(timer);
    };
  }, [board, notice, isHeld]);

  /** The focus goes on before the button goes, as no event would tell of that, and the notice would be held for good. */
  const leaveFor = (place: string) => {
    focusInstead(place);
    setIsHeld(false);
  };
  return (
    <div
      className={styles.place}
      onPointerEnter={() => {
        setIsHeld(true);
      }}
      onPointerLeave={() => {
        setIsHeld(false);
      }}
      onFocus={() => {
        setIsHeld(true);
      }}
      onBlur={() => {
        setIsHeld(false);
      }}
    >
      <div role={notice?.isError === true ? "alert" : "status"}>
        {notice !== null && (
          <p key={notice.id} className={styles.notice} data-error={notice.isError}>
            <span className={styles.text}>{notice.text}</span>
            {notice.canUndo && (
              <button
                className={styles.button}
                type="button"
                onClick={() => {
                  leaveFor("#main");
                  board.undo();
                }}
              >
                Undo
              </button>
            )}
            <button
              className={styles.close}
              type="button"
              aria-label="Close the notice"
              onClick={() => {
                leaveFor("main h1");
                board.dismissNotice();
              }}
            >
              <Icon name="close" />
            </button>
          </p>
        )}
      </div>
    </div>
  );
}
