// Every page in light and dark, wide and at 320 px: it fits, and axe finds nothing.

import { addTask, assertAccessible, assertFits, open, picture, row, settled, step } from "./browser.mjs";

const PAGES = [
  ["tasks", "/tasks", "Buy oat milk"],
  ["settings", "/settings", null],
  ...(process.env.TODO_CLUSTER === "1" ? [["cluster", "/cluster", null]] : []),
];

export async function looks({ context, page: first }) {
  await step("a tag as long as may be is there", async () => {
    await first.goto("/tasks");
    await addTask(first, "Buy apples #a-tag-that-is-as-long-as-it-is", "Buy apples");
    await settled(first);
  });
  for (const colorScheme of ["light", "dark"]) {
    for (const [size, viewport] of [
      ["wide", { width: 1200, height: 800 }],
      ["narrow", { width: 320, height: 640 }],
    ]) {
      await step(`every page in ${colorScheme}, ${size}`, async () => {
        const { page, context: own } = await open({
          ...{ storageState: await context.storageState(), colorScheme, viewport, reducedMotion: "reduce" },
        });
        for (const [name, address, title] of PAGES) {
          await page.goto(address === "/tasks" ? "/tasks?q=a&sort=due" : address);
          await (title === null ? page.getByRole("heading", { level: 1 }) : row(page, title)).waitFor();
          await assertFits(page);
          await assertAccessible(page, `${name}, ${colorScheme}, ${size}`);
          await picture(page, `${name}-${colorScheme}-${size}`);
        }
        if (size === "narrow") {
          await page.goto("/tasks?q=oat");
          await page.getByRole("button", { name: "Edit “Buy oat milk”" }).click();
          await assertFits(page);
          await assertAccessible(page, `editing, ${colorScheme}, narrow`);
          await picture(page, `edit-${colorScheme}-narrow`);
          await page.getByRole("button", { name: "Menu" }).click();
          await page.getByRole("dialog", { name: "Menu" }).getByRole("link", { name: /^a-tag-that/ }).waitFor();
          await assertFits(page);
          await assertAccessible(page, `menu, ${colorScheme}`);
          await picture(page, `menu-${colorScheme}-narrow`);
          await page.getByRole("dialog", { name: "Menu" }).getByRole("link", { name: /^Today/ }).click();
          await page.getByRole("heading", { level: 1, name: "Today" }).waitFor();
          await page.getByRole("button", { name: "Assistant" }).click();
          const panel = page.getByRole("dialog", { name: "Assistant" });
          await panel.getByRole("textbox", { name: "Message" }).fill("what is upcoming?");
          await panel.getByRole("button", { name: "Send" }).click();
          await panel.getByRole("button", { name: "Forget this conversation" }).waitFor();
          await panel.getByRole("button", { name: "Send" }).waitFor();
          await assertFits(page);
          await assertAccessible(page, `assistant, ${colorScheme}, narrow`);
          await picture(page, `assistant-${colorScheme}-narrow`);
        }
        await own.close();
      });
    }
  }
}
