"use client";

import { useState } from "react";
import { signOut } from "@/browser/account";
import { Icon } from "@/components/icon";

export function SignOutButton({ className }: { className: string }) {
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
      <button className={className} type="button" onClick={leave}>
        <Icon name="signOut" />
        Sign out
      </button>
      <span role="status">{hasFailed && "Not signed out: the server cannot be reached"}</span>
    </>
  );
}
