// Every page in light and dark, wide and at 320 px: it fits, and axe finds nothing.

import { assertAccessible, assertFits, open, picture, row, step } from "./browser.mjs";

const PAGES = [
  ["tasks", "/tasks", "Buy oat milk"],
  ["settings", "/settings", null],
  ...(process.env.TODO_CLUSTER === "1" ? [["cluster", "/cluster", null]] : []),
];

export async function looks({ context }) {
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
          await page.getByRole("dialog", { name: "Menu" }).waitFor();
          await assertAccessible(page, `menu, ${colorScheme}`);
          await picture(page, `menu-${colorScheme}-narrow`);
          await page.getByRole("dialog", { name: "Menu" }).getByRole("link", { name: /^Today/ }).click();
          await page.getByRole("heading", { level: 1, name: "Today" }).waitFor();
        }
        await own.close();
      });
    }
  }
}
