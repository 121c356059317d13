// The keyboard alone: shortcuts, the sheet of them, the palette, and a focus that is never lost.

import assert from "node:assert/strict";
import { assertAccessible, becomes, becomesFocused, picture, row, settled, step } from "./browser.mjs";

const focused = (page) => () =>
  page.evaluate(() => document.activeElement?.getAttribute("aria-label") ?? document.activeElement?.id ?? "");
const focusedText = (page) => () => page.evaluate(() => document.activeElement?.textContent?.trim());

export async function keyboard({ page }) {
  await step("the first Tab offers to skip to the content", async () => {
    await page.goto("/tasks?view=today");
    await row(page, "Read the notes").waitFor();
    await page.keyboard.press("Tab");
    await page.getByRole("link", { name: "Skip to the content" }).press("Enter");
    await becomes(focused(page), "main");
  });

  await step("a task is added, ticked, edited, deleted and brought back without a mouse", async () => {
    await page.keyboard.press("n");
    await becomes(focused(page), "new-task");
    await page.keyboard.type("Stretch your legs");
    await page.keyboard.press("Enter");
    await row(page, "Stretch your legs").waitFor();
    await settled(page);
    await page.getByRole("heading", { level: 1 }).click(); // out of the field, as Tab would lead
    await page.keyboard.press("j");
    const box = page.getByRole("checkbox", { name: "Stretch your legs" });
    await becomesFocused(box);
    await page.keyboard.press("x");
    await becomes(() => box.isChecked(), true);
    await page.keyboard.press("z");
    await page.waitForFunction(() => document.querySelectorAll("[data-done=true]").length === 0);
    await page.keyboard.press("e");
    assert.equal(await page.getByRole("textbox", { name: "Title" }).inputValue(), "Stretch your legs");
    await page.keyboard.press("Escape");
    await becomes(focused(page), "Edit “Stretch your legs”");
    await page.keyboard.press("d");
    await row(page, "Stretch your legs").waitFor({ state: "detached" });
    await becomes(() => page.evaluate(() => document.activeElement?.tagName === "BODY"), false);
    await page.keyboard.press("z");
    await row(page, "Stretch your legs").waitFor();
    await settled(page);
  });

  await step("several changes are taken back, one after the other", async () => {
    await page.getByRole("checkbox", { name: "Read the notes" }).check();
    await row(page, "Stretch your legs").getByRole("button", { name: /^Delete/ }).click();
    await row(page, "Stretch your legs").waitFor({ state: "detached" });
    await page.getByRole("heading", { level: 1 }).click();
    await page.keyboard.press("z");
    await row(page, "Stretch your legs").waitFor();
    await page.keyboard.press("Control+z");
    await settled(page);
    await page.reload();
    await row(page, "Stretch your legs").waitFor();
    assert.equal(await page.getByRole("checkbox", { name: "Read the notes" }).isChecked(), false);
  });

  await step("the focus is not lost with what has it", async () => {
    const isHeld = (what) =>
      becomes(() => page.evaluate(() => document.activeElement?.tagName), "H1", `the heading has the focus after ${what}`);
    const toTask = () => page.getByRole("checkbox", { name: "Water the plants" }).focus();

    await page.goto("/tasks?tag=garden");
    await toTask();
    await page.keyboard.press("g");
    await page.keyboard.press("d");
    await row(page, "Call grandmother").waitFor();
    await isHeld("a change of list");

    await page.goto("/tasks?view=upcoming");
    await row(page, "Water the plants").getByRole("link", { name: "#garden" }).press("Enter");
    await row(page, "Mow the lawn").waitFor();
    await isHeld("a tag's link");

    await toTask();
    await page.keyboard.press("g");
    await page.keyboard.press("s");
    await page.getByRole("heading", { level: 1, name: "Settings" }).waitFor();
    await isHeld("a change of page");

    await page.goto("/tasks?q=no+such+thing");
    await page.getByRole("link", { name: "Show all tasks" }).press("Enter");
    await row(page, "Chapter 55").waitFor();
    await isHeld("leaving a search that found nothing");

    await page.goto("/tasks?tag=garden");
    await page.getByRole("checkbox", { name: "Mow the lawn" }).check();
    await page.getByRole("button", { name: "Close the notice" }).press("Enter");
    await page.getByRole("button", { name: "Close the notice" }).waitFor({ state: "detached" });
    await isHeld("closing a notice");
    await page.getByRole("checkbox", { name: "Mow the lawn" }).uncheck();
    await settled(page);
  });

  await step("the sheet of shortcuts opens with ?, and single keys can be switched off", async () => {
    await page.goto("/tasks?view=today");
    await row(page, "Read the notes").waitFor(); // drawn by the script that hears the keys
    await page.keyboard.press("?");
    const sheet = page.getByRole("dialog", { name: "Keyboard shortcuts" });
    await sheet.waitFor();
    await becomes(focusedText(page), "Keyboard shortcuts", "it begins at its top");
    await assertAccessible(page, "the sheet of shortcuts");
    await picture(page, "shortcuts");
    await sheet.getByRole("checkbox", { name: "Use single-key shortcuts" }).uncheck();
    await page.keyboard.press("Escape");
    await sheet.waitFor({ state: "detached" });
    await page.keyboard.press("?");
    assert.equal(await sheet.count(), 0);
    await page.getByRole("button", { name: "Shortcuts" }).click();
    await sheet.getByRole("checkbox", { name: "Use single-key shortcuts" }).check();
    await sheet.getByRole("button", { name: "Close" }).click();
    await becomes(focusedText(page), "Shortcuts?"); // the button, with its key
  });

  await step("the palette finds commands, tags and searches", async () => {
    await page.keyboard.press("Control+k");
    const palette = page.getByRole("dialog", { name: "Commands" });
    await palette.waitFor();
    await assertAccessible(page, "the palette");
    await picture(page, "palette");
    await page.keyboard.type("gard");
    await page.keyboard.press("Enter");
    await page.waitForURL("**/tasks?tag=garden");
    await row(page, "Mow the lawn").waitFor();
    await page.keyboard.press("Control+k");
    await palette.waitFor();
    await page.keyboard.type("oat");
    await page.keyboard.press("ArrowUp");
    await page.keyboard.press("Enter");
    await page.waitForURL("**/tasks?q=oat");
    await row(page, "Buy oat milk").waitFor();
    // A key goes to what has the focus, for a moment that still is the field of the palette that closed.
    await page.waitForFunction(() => document.activeElement?.closest("dialog") === null);
    await page.keyboard.press("g");
    await page.keyboard.press("d");
    await page.waitForURL("**/tasks?view=done");
    await row(page, "Call grandmother").waitFor();
  });
}
