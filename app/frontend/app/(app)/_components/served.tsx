"use client";

import { useSyncExternalStore } from "react";
import { servedBy, subscribeServedBy } from "@/browser/served-by";
import styles from "./served.module.css";

const NOBODY = { frontend: null, backend: null };

/** Which pods answered last. @param pod the one that rendered the page */
export function Served({ pod }: { pod: string }) {
  const { frontend, backend } = useSyncExternalStore(subscribeServedBy, servedBy, () => NOBODY);
  return (
    <footer className={styles.served}>
      Served by frontend pod <code>{frontend ?? pod}</code>
      {backend !== null && (
        <>
          , backend pod <code>{backend}</code>
        </>
      )}
    </footer>
  );
}
