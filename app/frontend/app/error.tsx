"use client";

import { useEffect } from "react";
import controls from "@/components/controls.module.css";
import { Message } from "@/components/message";

const RETRY_MS = 5_000;

/** Shown when a page could not be rendered, most often as Postgres is away; tries again by itself. */
export default function ErrorPage() {
  useEffect(() => {
    // A full load: the page may have come from a server that is no longer there.
    const timer = setTimeout(() => {
      window.location.reload();
    }, RETRY_MS);
    return () => {
      clearTimeout(timer);
    };
  }, []);

  return (
    <Message title="One moment">
      <p role="status">The app cannot reach its data right now. It tries again by itself every few seconds.</p>
      <button
        className={`${controls.button} ${controls.primary}`}
        type="button"
        onClick={() => {
          window.location.reload();
        }}
      >
        Try now
      </button>
    </Message>
  );
}
