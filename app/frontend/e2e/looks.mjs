// Every page and dialog in light and dark, wide and at 320 px: it fits, and axe finds nothing; and nothing moves for those
// who asked for that.

import { breakFrame, breakSettings } from "./away.mjs";
import { addTask, assertAccessible, assertFits, assertStill, open, picture, row, settled, step } from "./browser.mjs";

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
      const browser = { colorScheme, viewport, reducedMotion: "reduce" };
      /** Looks at what is shown now. */
      const look = async (page, name) => {
        await assertFits(page);
        await assertAccessible(page, `${name}, ${colorScheme}, ${size}`);
        await picture(page, `${name}-${colorScheme}-${size}`);
      };
      await step(`every page in ${colorScheme}, ${size}`, async () => {
        const signedIn = await open({ ...browser, storageState: await context.storageState() });
        await pages(signedIn, look);
        await dialogs(signedIn, look);
        await troubled(signedIn, look);
        await signedIn.context.close();
        const visitor = await open(browser);
        await doors(visitor, look);
        await visitor.context.close();
      });
    }
  }
}

async function pages({ page }, look) {
  await page.goto("/tasks?q=a&sort=due");
  await row(page, "Buy oat milk").waitFor();
  await look(page, "tasks");
  await assertStill(page);
  await page.getByRole("button", { name: "Edit “Buy oat milk”" }).click();
  await look(page, "edit");
  for (const [name, address] of [
    ["settings", "/settings"],
    ...(process.env.TODO_CLUSTER === "1" ? [["cluster", "/cluster"]] : []),
    ["not-found", "/nowhere"],
  ]) {
    await page.goto(address);
    await page.getByRole("heading", { level: 1 }).waitFor();
    if (name === "cluster") {
      await page.getByRole("table").first().waitFor();
    }
    await look(page, name);
  }
}

async function dialogs({ page }, look) {
  await page.goto("/settings");
  await page.getByRole("button", { name: "Delete account…" }).click();
  await page.getByRole("dialog", { name: /^Delete your account/ }).waitFor();
  await look(page, "delete-account");

  await page.goto("/tasks?q=oat");
  await row(page, "Buy oat milk").waitFor();
  const menu = page.getByRole("dialog", { name: "Menu" });
  if (await page.getByRole("button", { name: "Menu" }).isVisible()) {
    await page.getByRole("button", { name: "Menu" }).click();
    await menu.getByRole("link", { name: /^a-tag-that/ }).waitFor();
    await look(page, "menu");
    await menu.getByRole("button", { name: "Close the menu" }).click();
  }
  for (const [name, keys, title] of [
    ["palette", "Control+k", "Commands"],
    ["shortcuts", "?", "Keyboard shortcuts"],
  ]) {
    await page.keyboard.press(keys);
    await page.getByRole("dialog", { name: title }).waitFor();
    await look(page, name);
    await page.keyboard.press("Escape");
    await page.getByRole("dialog", { name: title }).waitFor({ state: "detached" });
    // A key goes to what has the focus, for a moment that still is a field of the dialog that closed.
    await page.waitForFunction(() => document.activeElement?.closest("dialog") === null);
  }

  await page.route(/\/api\/tasks\//, (route) =>
    route.request().method() === "PATCH" ? route.fulfill({ status: 412, body: "{}" }) : route.continue(),
  );
  await page.getByRole("button", { name: "Edit “Buy oat milk”" }).click();
  await page.getByRole("textbox", { name: "Note" }).fill("From the farm on the hill, which is open until six in the evening");
  await page.getByRole("button", { name: "Save" }).click();
  await page.getByRole("dialog", { name: /was changed elsewhere/ }).waitFor();
  await look(page, "conflict");
  await page.getByRole("button", { name: "Keep theirs" }).click();
  await page.unroute(/\/api\/tasks\//);

  await page.keyboard.press("c");
  const panel = page.getByRole("dialog", { name: "Assistant" });
  await panel.getByText("Say in plain words").waitFor();
  await look(page, "assistant");
  await panel.getByRole("textbox", { name: "Message" }).fill("delete buy oat milk");
  await panel.getByRole("textbox", { name: "Message" }).press("Enter");
  await panel.getByRole("button", { name: "Delete it" }).waitFor();
  await look(page, "assistant-question");
}

async function troubled({ page }, look) {
  await page.goto("/tasks?q=oat");
  await row(page, "Buy oat milk").waitFor();
  await page.waitForLoadState("networkidle");
  await page.context().setOffline(true);
  await page.getByText("The server is away.").waitFor();
  await look(page, "away");
  await page.context().setOffline(false);
  await page.getByText("The server is away.").waitFor({ state: "detached" });

  await breakSettings(page);
  await page.route("**/token", (route) => route.fulfill({ status: 503, body: "{}" }));
  await page.keyboard.press("g");
  await page.keyboard.press("s");
  await page.getByRole("heading", { level: 1, name: "One moment" }).waitFor();
  await look(page, "page-error");

  await breakFrame(page);
  await look(page, "root-error");

  await page.route("**/token", (route) => route.fulfill({ status: 401, body: "{}" }));
  await page.goto("/tasks?q=oat");
  await page.getByText("Your session has ended.").waitFor();
  await look(page, "session-ended");
}

async function doors({ page }, look) {
  await page.goto("/sign-up");
  await page.getByRole("button", { name: "Sign up" }).click();
  await page.getByText("Enter a name; it is only shown to you.").waitFor();
  await look(page, "sign-up");
  await page.goto("/sign-in");
  await page.getByRole("heading", { level: 1 }).waitFor();
  await look(page, "sign-in");
  await page.route("**/auth/sign-in/email", (route) =>
    route.fulfill({ status: 429, headers: { "Retry-After": "42" }, json: { message: "Too many tries" } }),
  );
  await page.getByLabel("E-mail").fill("ada@example.com");
  await page.getByLabel("Password").fill("not the password");
  await page.getByRole("button", { name: "Sign in" }).click();
  await page.getByText("Try again in 42 s.").waitFor();
  await look(page, "sign-in-too-often");
}
