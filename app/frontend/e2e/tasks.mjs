// Tasks: adding, ticking, editing, deleting, each with its undo; lists, filters, search, pages; edits that meet.

import assert from "node:assert/strict";
import {
  addTask,
  askApi,
  assertAccessible,
  assertFits,
  becomes,
  becomesFocused,
  expected,
  gate,
  open,
  picture,
  row,
  settled,
  step,
  tokenOf,
} from "./browser.mjs";

const said = (page, text) => page.getByRole("status").filter({ hasText: text });

export async function tasks({ page, troubles }) {
  await step("a line says what it is understood as, while it is typed", async () => {
    const line = page.getByRole("textbox", { name: "New task" });
    await line.fill("Buy milk !high #home tomorrow 18:00");
    const understood = page.getByRole("list", { name: "Understood" }).getByRole("listitem");
    await becomes(() => understood.allTextContents(), ["Tomorrow 18:00", "High priority", "#home"]);
    await assertAccessible(page, "a line being typed");
    await picture(page, "quick-add");
    await line.press("Enter");
    await row(page, "Buy milk").waitFor();
    await becomes(() => line.inputValue(), "");
    const details = row(page, "Buy milk").getByRole("list", { name: "Details" }).getByRole("listitem");
    await becomes(async () => (await details.allTextContents()).sort(), ["#home", "High priority", "Tomorrow 18:00"]);
    await line.press("Enter");
    await page.getByText("Write what there is to do.").waitFor();
    await line.fill("");
  });

  await step("hostile titles are words like any other", async () => {
    const hostile = `<img src=x onerror="document.title='pwned'"> '; DROP TABLE task; -- {{7*7}} \u202Egnihtemos`;
    await addTask(page, hostile);
    await settled(page);
    await page.reload();
    await row(page, hostile).waitFor();
    assert.equal(await page.title(), "All tasks · Todo");
    await row(page, hostile).getByRole("button", { name: /^Delete/ }).click();
    await row(page, hostile).waitFor({ state: "detached" });
  });

  await step("a task can be ticked, and stays so", async () => {
    await addTask(page, "Call grandmother");
    await addTask(page, "Water the plants friday #garden", "Water the plants");
    await page.getByRole("checkbox", { name: "Call grandmother" }).check();
    await said(page, "Done: “Call grandmother”").waitFor();
    await settled(page);
    await page.reload();
    await row(page, "Call grandmother").waitFor();
    assert.ok(await page.getByRole("checkbox", { name: "Call grandmother" }).isChecked());
    assert.ok(!(await page.getByRole("checkbox", { name: "Water the plants" }).isChecked()));
  });

  await step("a tick can be undone", async () => {
    await page.getByRole("checkbox", { name: "Water the plants" }).check();
    await page.getByRole("button", { name: "Undo" }).click();
    await settled(page);
    await page.reload();
    await row(page, "Water the plants").waitFor();
    assert.ok(!(await page.getByRole("checkbox", { name: "Water the plants" }).isChecked()));
  });

  await step("a task can be edited, and the edit undone", async () => {
    await page.getByRole("button", { name: "Edit “Buy milk”" }).click();
    await assertAccessible(page, "a task being edited");
    await assertFits(page);
    await picture(page, "edit");
    await page.getByRole("textbox", { name: "Title" }).fill("Buy oat milk");
    await page.getByRole("textbox", { name: "Tags" }).fill("#home, Shop");
    await page.getByRole("combobox", { name: "Priority" }).last().selectOption("medium");
    await page.getByRole("textbox", { name: "Title" }).press("Enter");
    await row(page, "Buy oat milk").getByText("#shop").waitFor();
    await becomes(() => row(page, "Buy milk").count(), 0);
    await becomes(() => page.evaluate(() => document.activeElement?.getAttribute("aria-label")), "Edit “Buy oat milk”");
    await page.getByRole("button", { name: "Undo" }).click();
    await row(page, "Buy milk").getByText("High priority").waitFor();
    await page.getByRole("button", { name: "Edit “Buy milk”" }).click();
    await page.getByRole("textbox", { name: "Title" }).fill("Buy oat milk");
    await page.getByRole("button", { name: "Save" }).click();
    await row(page, "Buy oat milk").waitFor();
    await settled(page);
  });

  await step("half a time is not saved as none", async () => {
    await page.getByRole("button", { name: "Edit “Buy oat milk”" }).click();
    const time = page.getByLabel("At", { exact: true });
    await time.fill("");
    await time.press("1");
    await page.getByRole("button", { name: "Save" }).click();
    await page.getByText("Write hours and minutes, or neither.").waitFor();
    await becomesFocused(time, "the focus is where the problem is");
    await page.getByRole("button", { name: "Cancel" }).click();
    await row(page, "Buy oat milk").getByText("18:00").waitFor();
  });

  await step("an edit that is refused comes back, and takes the focus from nothing that is being typed", async () => {
    const line = page.getByRole("textbox", { name: "New task" });
    const form = page.getByRole("form", { name: "Edit “Buy oat milk”" });
    const refusal = gate();
    await page.route(/\/api\/tasks\//, async (route) => {
      await refusal.isOpen;
      await route.fulfill({ status: 422, contentType: "application/problem+json", body: "{}" });
    });
    await page.getByRole("button", { name: "Edit “Buy oat milk”" }).click();
    await form.getByRole("textbox", { name: "Note" }).fill("The one from Sweden");
    await form.getByRole("button", { name: "Save" }).click();
    await line.pressSequentially("Half a");
    refusal.open();
    await form.getByRole("alert").filter({ hasText: "The server did not accept this." }).waitFor();
    await becomes(() => form.getByRole("textbox", { name: "Note" }).inputValue(), "The one from Sweden");
    await page.keyboard.type(" thought");
    await becomes(() => line.inputValue(), "Half a thought");
    await form.getByRole("button", { name: "Save" }).click(); // the focus is in the row
    await form.getByRole("alert").filter({ hasText: "The server did not accept this." }).waitFor();
    const title = form.getByRole("textbox", { name: "Title" });
    await becomesFocused(title, "the focus comes back, too");
    await page.unroute(/\/api\/tasks\//);
    await form.getByRole("button", { name: "Cancel" }).click();
    await line.fill("");
    expected(troubles, "422");
  });

  await step("a deletion can be undone", async () => {
    await page.getByRole("button", { name: "Delete “Water the plants”" }).click();
    await row(page, "Water the plants").waitFor({ state: "detached" });
    await page.getByRole("button", { name: "Undo" }).click();
    await row(page, "Water the plants").waitFor();
    await settled(page);
    await page.reload();
    await row(page, "Water the plants").waitFor();
  });
}

export async function lists({ page }) {
  await step("each list has what belongs to it, and an address of its own", async () => {
    await addTask(page, "Read the notes today #workshop", "Read the notes");
    const main = page.getByRole("navigation", { name: "Main" });
    for (const [name, address, there, elsewhere] of [
      ["Today", "/tasks?view=today", "Read the notes", "Buy oat milk"],
      ["Upcoming", "/tasks?view=upcoming", "Buy oat milk", "Read the notes"],
      ["Done", "/tasks?view=done", "Call grandmother", "Buy oat milk"],
      ["garden", "/tasks?tag=garden", "Water the plants", "Buy oat milk"],
    ]) {
      await main.getByRole("link", { name: new RegExp(`^${name}`) }).click();
      await page.waitForURL(`**${address}`);
      await row(page, there).waitFor();
      await becomes(() => row(page, elsewhere).count(), 0, name); // the list before is shown until this one is there
      await assertAccessible(page, name);
    }
    await main.getByRole("link", { name: /^Overdue/ }).click();
    await page.getByRole("heading", { name: "Nothing is overdue" }).waitFor();
    await page.goBack();
    await row(page, "Water the plants").waitFor();
    await page.getByRole("heading", { level: 1, name: "#garden" }).waitFor();
  });

  await step("what is written above a list of a tag gets the tag", async () => {
    await addTask(page, "Mow the lawn");
    await row(page, "Mow the lawn").getByText("#garden").waitFor();
    await settled(page);
  });

  await step("what is typed before another list comes is searched for in that list", async () => {
    await page.waitForURL("**/tasks?tag=garden");
    // Both in one go: by hand, or a slow machine, the search may have begun before the other list is asked for.
    await page.getByRole("searchbox", { name: "Search" }).evaluate((box, text) => {
      Object.getOwnPropertyDescriptor(HTMLInputElement.prototype, "value").set.call(box, text);
      box.dispatchEvent(new InputEvent("input", { bubbles: true }));
      document.querySelector("nav[aria-label=Main] a[href='/tasks?view=done']").click();
    }, "grand");
    await page.waitForURL("**/tasks?view=done&q=grand");
    await row(page, "Call grandmother").waitFor();
    await becomes(() => page.getByRole("searchbox", { name: "Search" }).inputValue(), "grand");
  });

  await step("search, filter and sort are in the address, and found again after a reload", async () => {
    await page.getByRole("navigation", { name: "Main" }).getByRole("link", { name: /^All tasks/ }).click();
    await page.waitForURL("**/tasks");
    await page.getByRole("searchbox", { name: "Search" }).fill("MILK oat");
    await page.waitForURL("**/tasks?q=MILK+oat");
    await row(page, "Water the plants").waitFor({ state: "detached" });
    await page.getByRole("combobox", { name: "Priority" }).selectOption("high");
    await page.getByRole("combobox", { name: "Sort" }).selectOption("title");
    await page.waitForURL("**/tasks?priority=high&q=MILK+oat&sort=title");
    await page.reload();
    await row(page, "Buy oat milk").waitFor();
    await becomes(() => page.getByRole("searchbox", { name: "Search" }).inputValue(), "MILK oat");
    await page.getByRole("searchbox", { name: "Search" }).fill("no such thing");
    await page.getByRole("heading", { name: "Nothing fits" }).waitFor();
    await assertAccessible(page, "a search that finds nothing");
    await page.getByRole("link", { name: "Show all tasks" }).click();
    await row(page, "Buy oat milk").waitFor();
    await page.getByRole("checkbox", { name: "Hide done" }).check();
    await row(page, "Call grandmother").waitFor({ state: "detached" });
    await page.getByRole("checkbox", { name: "Hide done" }).uncheck();
    await row(page, "Call grandmother").waitFor();
  });

  await step("the tasks beyond the first fifty are a click away", async () => {
    const before = await page.locator("[data-task]").count();
    const token = await tokenOf(page);
    for (let number = 1; number <= 55; number += 1) {
      await askApi(page, token, "POST", "/api/tasks", { title: `Chapter ${number}` });
    }
    await page.reload();
    await row(page, "Chapter 55").waitFor();
    await becomes(() => page.locator("[data-task]").count(), 50);
    await page.getByRole("button", { name: "Show more" }).click();
    await row(page, "Water the plants").waitFor();
    await becomes(() => page.locator("[data-task]").count(), before + 55);
    await becomes(() => page.getByRole("button", { name: "Show more" }).count(), 0);
    await becomes(() => page.evaluate(() => document.activeElement?.closest("[data-task]") !== null), true, "the focus goes on");
  });
}

/** Changes tasks past the page, as another device would. */
async function changeElsewhere(page, titles, changes) {
  const token = await tokenOf(page);
  for (const title of titles) {
    const { data } = await askApi(page, token, "GET", `/api/tasks?q=${encodeURIComponent(title)}`);
    await askApi(page, token, "PATCH", `/api/tasks/${data.items[0].id}`, changes);
  }
}

export async function twoTabs({ context, page, troubles }) {
  const title = (tab) => tab.getByRole("textbox", { name: "Title" });

  await step("edits from two tabs do not overwrite each other: the second one is a choice", async () => {
    const other = await context.newPage();
    await page.goto("/tasks?view=upcoming");
    await other.goto("/tasks?view=upcoming");
    for (const tab of [page, other]) {
      await tab.getByRole("button", { name: "Edit “Water the plants”" }).click();
    }
    await title(other).fill("Water the fern");
    await title(other).press("Enter");
    await settled(other);
    await title(page).fill("Water the cactus");
    await title(page).press("Enter");
    const choice = page.getByRole("dialog", { name: /was changed elsewhere/ });
    await choice.getByRole("cell", { name: "Water the fern" }).waitFor();
    await choice.getByRole("cell", { name: "Water the cactus" }).waitFor();
    await assertAccessible(page, "the choice between two edits");
    await picture(page, "conflict");
    await page.keyboard.press("Escape");
    await choice.waitFor({ state: "detached" });
    const notSaved = page.getByRole("region", { name: "Not saved" });
    await notSaved.getByText("Water the cactus").waitFor();
    await row(page, "Water the fern").waitFor();
    await notSaved.getByRole("button", { name: "Try again: “Water the cactus”" }).click();
    await choice.getByRole("button", { name: "Keep theirs" }).click();
    await notSaved.waitFor({ state: "detached" });
    await row(page, "Water the fern").waitFor();

    for (const tab of [page, other]) {
      await tab.getByRole("button", { name: "Edit “Water the fern”" }).click();
    }
    await other.getByRole("textbox", { name: "Note" }).fill("Half a cup");
    await title(other).press("Enter");
    await settled(other);
    await title(page).fill("Water the cactus");
    await title(page).press("Enter");
    await choice.getByRole("button", { name: "Save mine over it" }).click();
    await row(page, "Water the cactus").getByText("Half a cup").waitFor();
    // The other tab hears of it by itself.
    await row(other, "Water the cactus").waitFor();
    await other.close();
    expected(troubles, "412");
  });

  await step("what another device changed shows when the page is looked at again", async () => {
    await changeElsewhere(page, ["Water the cactus"], { title: "Water the tall cactus" });
    // A page of Playwright is never hidden.
    await page.evaluate(() => document.dispatchEvent(new Event("visibilitychange")));
    await row(page, "Water the tall cactus").waitFor();
    await changeElsewhere(page, ["Water the tall cactus"], { title: "Water the cactus" });
  });

  await step("a list that stays open goes with the calendar", async () => {
    // A clock is a whole context's.
    const { context: nightly, page: night } = await open({ storageState: await context.storageState() });
    await night.clock.install();
    await night.goto("/tasks?view=today");
    await night.getByRole("textbox", { name: "New task" }).fill("Sleep on it tomorrow");
    await night.getByRole("button", { name: "Add", exact: true }).click(); // its row, if any, is soon gone
    await night.getByText("“Sleep on it”; it is not on this list").waitFor();
    await settled(night);
    await night.reload();
    await row(night, "Read the notes").waitFor();
    assert.equal(await row(night, "Sleep on it").count(), 0);
    // The counts come after the list, and are what the next ones are compared with.
    await night.getByRole("navigation", { name: "Main" }).getByRole("link", { name: /^All tasks.*\d/ }).waitFor();
    await night.clock.fastForward("13:00:00");
    await row(night, "Sleep on it").waitFor();
    await row(night, "Read the notes").waitFor({ state: "detached" });
    await row(night, "Sleep on it").getByRole("button", { name: /^Delete/ }).click();
    await settled(night);
    await nightly.close();
  });

  await step("two edits that meet others are two choices, one after the other", async () => {
    await page.goto("/tasks?tag=garden");
    for (const name of ["Water the cactus", "Mow the lawn"]) {
      await page.getByRole("button", { name: `Edit “${name}”` }).click();
    }
    const forms = page.getByRole("form", { name: /^Edit/ });
    await forms.nth(1).waitFor();
    await changeElsewhere(page, ["Water the cactus", "Mow the lawn"], { priority: "low" });
    let goOn;
    const bothSent = new Promise((resolve) => (goOn = resolve));
    await page.route(/\/api\/tasks\//, async (route) => {
      await bothSent;
      await route.continue();
    });
    for (const name of ["Water the cactus", "Mow the lawn"]) {
      const form = page.getByRole("form", { name: `Edit “${name}”` });
      await form.getByRole("textbox", { name: "Note" }).fill(`A note on ${name}`);
      await form.getByRole("button", { name: "Save" }).click();
      await form.waitFor({ state: "detached" });
    }
    goOn();
    for (const _ of ["one", "the other"]) {
      const name = await page.getByRole("dialog").getByRole("heading", { name: /was changed elsewhere/ }).textContent();
      const choice = page.getByRole("dialog", { name });
      await choice.getByRole("button", { name: "Save mine over it" }).click();
      await choice.waitFor({ state: "detached" });
    }
    for (const name of ["Water the cactus", "Mow the lawn"]) {
      await row(page, name).getByText(`A note on ${name}`).waitFor();
    }
    await settled(page);
    await page.unroute(/\/api\/tasks\//);
    expected(troubles, "412");
  });

  await step("a task that another tab takes off the list stays while it is edited here", async () => {
    await page.goto("/tasks?view=today");
    await addTask(page, "Sketch the garden");
    await settled(page);
    await page.getByRole("button", { name: "Edit “Sketch the garden”" }).click();
    const note = page.getByRole("textbox", { name: "Note" });
    await note.fill("With the pond and");
    const other = await context.newPage();
    await other.goto("/tasks?view=today");
    const heard = page.waitForResponse(/\/api\/tasks\?/);
    await other.getByRole("checkbox", { name: "Sketch the garden" }).check();
    await heard;
    await settled(page);
    await becomesFocused(note, "the focus stays");
    await note.pressSequentially(" the shed");
    await page.getByRole("button", { name: "Save" }).click();
    const choice = page.getByRole("dialog", { name: /was changed elsewhere/ });
    await choice.getByRole("cell", { name: "With the pond and the shed" }).waitFor();
    await choice.getByRole("button", { name: "Save mine over it" }).click();
    await row(page, "Sketch the garden").waitFor({ state: "detached" });
    await other.goto("/tasks?view=done");
    await row(other, "Sketch the garden").getByText("With the pond and the shed").waitFor();
    await other.close();
    expected(troubles, "412");
  });
}
