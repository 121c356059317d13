"use client";

import { useRecovery } from "@/browser/use-recovery";
import controls from "@/components/controls.module.css";
import { Message } from "@/components/message";

/** In the place of a page of which not even the frame could be rendered. */
export default function ErrorPage() {
  const tryNow = useRecovery(reload);
  return (
    <Message title="One moment">
      <p role="status">The app cannot reach its data right now. It tries again by itself every few seconds.</p>
      <button className={`${controls.button} ${controls.primary}`} type="button" onClick={tryNow}>
        Try now
      </button>
    </Message>
  );
}

/** A full load: the page may have come from a server that is no longer there. */
function reload() {
  window.location.reload();
}
