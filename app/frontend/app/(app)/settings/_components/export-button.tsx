"use client";

import { useState } from "react";
import { exported } from "@/browser/api";
import { asFailure } from "@/browser/failure";
import controls from "@/components/controls.module.css";

/** Hands all of the user's data to the browser as a file: a link could not carry the API's token. */
export function ExportButton() {
  const [isBusy, setIsBusy] = useState(false);
  const [outcome, setOutcome] = useState("");

  async function save() {
    if (isBusy) {
      return;
    }
    setIsBusy(true);
    setOutcome("");
    try {
      const data = await exported();
      const file = new Blob([JSON.stringify(data, null, 2)], { type: "application/json" });
      const link = document.createElement("a");
      link.href = URL.createObjectURL(file);
      link.download = `todo-${data.exported_at.slice(0, 10)}.json`;
      link.click();
      URL.revokeObjectURL(link.href);
      setOutcome(data.tasks.length === 1 ? "Exported 1 task." : `Exported ${data.tasks.length} tasks.`);
    } catch (error) {
      setOutcome(`${asFailure(error).message} Nothing was exported.`);
    }
    setIsBusy(false);
  }

  return (
    <div className={controls.actions}>
      <button className={`${controls.button} ${controls.quiet}`} type="button" aria-busy={isBusy} onClick={save}>
        Export as JSON
      </button>
      <span role="status">{outcome}</span>
    </div>
  );
}
