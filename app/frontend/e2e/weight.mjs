// What the task page weighs.

import assert from "node:assert/strict";
import { step } from "./browser.mjs";

const LIMIT_BYTES = 200_000;

/** Opens the task page. @returns the compressed bytes of the scripts that it asks for, without what it loads when idle */
export async function openTasks(page) {
  const answer = await page.goto("/tasks");
  const html = await answer.text();
  await page.getByRole("list", { name: "Tasks" }).waitFor();
  return page.evaluate((html) => {
    const files = performance.getEntriesByType("resource").map((file) => [new URL(file.name).pathname, file.encodedBodySize]);
    return Object.fromEntries(files.filter(([path]) => path.endsWith(".js") && html.includes(path)));
  }, html);
}

export async function weight({ page }) {
  await step("the task page asks for 200 kB of compressed script at most", async () => {
    const scripts = await openTasks(page);
    const bytes = Object.values(scripts).reduce((sum, size) => sum + size, 0);
    assert.ok(Object.keys(scripts).length > 3 && Object.values(scripts).every((size) => size > 0), JSON.stringify(scripts));
    assert.ok(bytes <= LIMIT_BYTES, `${bytes} bytes: ${JSON.stringify(scripts)}`);
  });
}
