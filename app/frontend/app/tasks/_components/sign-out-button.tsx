"use client";

import { useState } from "react";
import { signOut } from "@/browser/account";
import controls from "@/components/controls.module.css";

export function SignOutButton() {
  const [hasFailed, setHasFailed] = useState(false);

  async function leave() {
    try {
      await signOut();
      // A full load: the token in memory goes with the page.
      // eslint-disable-next-line @next/next/no-location-assign-relative-destination
      window.location.assign("/sign-in");
    } catch {
      setHasFailed(true);
    }
  }

  return (
    <>
      <button className={`${controls.button} ${controls.quiet}`} type="button" onClick={leave}>
        Sign out
      </button>
      <span role="status">
        {hasFailed && "Not signed out: the server cannot be reached"}
      </span>
    </>
  );
}
