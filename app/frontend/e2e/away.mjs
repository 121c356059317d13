// What happens while the server is away, and with a token that has ended.

import assert from "node:assert/strict";
import {
  addTask,
  assertAccessible,
  assertFits,
  becomes,
  becomesFocused,
  expected,
  picture,
  row,
  settled,
  step,
} from "./browser.mjs";

export async function outages({ context, page, troubles }) {
  const away = page.getByText("The server is away. This page tries again by itself");

  await step("while the API is away changes wait, what was typed stays, and the page recovers by itself", async () => {
    await page.goto("/tasks?view=today");
    await row(page, "Read the notes").waitFor();
    await context.route("**/api/**", (route) =>
      route.fulfill({ status: 503, contentType: "application/problem+json", body: "{}" }),
    );
    await page.getByRole("textbox", { name: "New task" }).fill("Survive an outage");
    await page.getByRole("button", { name: "Add", exact: true }).click();
    await page.getByRole("checkbox", { name: "Read the notes" }).check();
    await away.waitFor();
    await row(page, "Survive an outage").waitFor();
    await page.getByRole("textbox", { name: "New task" }).fill("Half a thought");
    await assertAccessible(page, "an outage");
    await picture(page, "away");
    await context.unroute("**/api/**");
    await away.waitFor({ state: "detached" });
    await settled(page);
    await becomes(() => page.getByRole("textbox", { name: "New task" }).inputValue(), "Half a thought");
    await page.reload();
    await row(page, "Survive an outage").waitFor();
    assert.equal(await row(page, "Survive an outage").count(), 1);
    await becomes(() => row(page, "Read the notes").count(), 0, "done is done");
    await becomes(() => page.getByRole("textbox", { name: "New task" }).inputValue(), "Half a thought");
    await page.getByRole("textbox", { name: "New task" }).fill("");
    expected(troubles, "503");
  });

  await step("an answer that is lost on the way makes no second task", async () => {
    await page.evaluate(() => {
      const real = window.fetch;
      window.areAnswersLost = true;
      window.fetch = async (request, ...rest) => {
        const response = await real(request, ...rest);
        if (window.areAnswersLost && request.method === "POST" && request.url.endsWith("/api/tasks")) {
          throw new TypeError("the connection broke");
        }
        return response;
      };
    });
    await addTask(page, "Only once");
    await away.waitFor();
    await page.evaluate(() => {
      window.areAnswersLost = false;
    });
    await away.waitFor({ state: "detached" });
    await settled(page);
    await page.reload();
    await row(page, "Only once").waitFor();
    assert.equal(await row(page, "Only once").count(), 1);
  });

  await step("a page that is loaded while the API is away fills in when it is back", async () => {
    await context.route("**/api/**", (route) => route.abort());
    await page.reload();
    await away.waitFor();
    await page.getByText("Loading your tasks").waitFor();
    await picture(page, "away-from-the-start");
    await context.unroute("**/api/**");
    await row(page, "Only once").waitFor();
    expected(troubles, "ERR_FAILED");
  });

  await step("a list that the server refuses says so, can be tried again, and is there by itself later", async () => {
    const list = "**/api/tasks?*";
    const refuse = (route) => route.fulfill({ status: 500, contentType: "application/problem+json", body: "{}" });
    const problem = page.getByRole("alert").filter({ hasText: "This list cannot be loaded right now" });
    const again = page.getByRole("button", { name: "Try again" });
    await context.route(list, refuse);
    await page.reload();
    await problem.getByText("Something went wrong on the server (500).").waitFor();
    await becomes(() => page.getByText("Loading your tasks").count(), 0);
    await assertAccessible(page, "a list that cannot be loaded");
    await assertFits(page);
    await picture(page, "list-problem");
    const asked = page.waitForResponse(list);
    await again.focus();
    await page.keyboard.press("Enter");
    await asked;
    await settled(page);
    await becomesFocused(again, "the focus stays");
    await context.unroute(list);
    await page.keyboard.press("Enter");
    await row(page, "Only once").waitFor();
    await problem.waitFor({ state: "detached" });
    await becomes(() => page.evaluate(() => document.activeElement?.tagName), "H1", "the focus goes to what is shown now");

    await context.route(list, refuse);
    await page.getByRole("searchbox", { name: "Search" }).fill("only");
    await problem.waitFor();
    await becomes(() => page.locator("[data-task]").count(), 0, "what was shown before is not what was searched for");
    await context.unroute(list);
    await page.evaluate(() => document.dispatchEvent(new Event("visibilitychange")));
    await row(page, "Only once").waitFor();
    await problem.waitFor({ state: "detached" });
    expected(troubles, "500");
  });

  await step("without a network changes wait, and so does the way to another page", async () => {
    await page.goto("/tasks?view=today");
    await row(page, "Only once").waitFor();
    await context.setOffline(true);
    await addTask(page, "Written in a tunnel");
    await away.waitFor();
    await page.getByText("One change waits for it.").waitFor();
    await page.getByRole("textbox", { name: "New task" }).fill("Half a thought");
    await page.getByRole("navigation", { name: "Main" }).getByRole("link", { name: "Settings" }).click();
    await row(page, "Written in a tunnel").waitFor();
    await becomes(() => page.getByRole("textbox", { name: "New task" }).inputValue(), "Half a thought");
    await context.setOffline(false);
    await page.getByRole("heading", { level: 1, name: "Settings" }).waitFor();
    await away.waitFor({ state: "detached" });
    await page.goto("/tasks?view=today");
    await row(page, "Written in a tunnel").waitFor();
    assert.equal(await row(page, "Written in a tunnel").count(), 1);
    await becomes(() => page.getByRole("textbox", { name: "New task" }).inputValue(), "Half a thought");
    await page.getByRole("textbox", { name: "New task" }).fill("");
    expected(troubles, "ERR_INTERNET_DISCONNECTED");
  });

  await step("a page whose session cannot be looked up fills in once it can", async () => {
    await context.route("**/token", (route) => route.fulfill({ status: 503, body: "{}" }));
    await page.reload();
    await away.waitFor();
    await page.getByText("Loading your tasks").waitFor();
    await context.unroute("**/token");
    await row(page, "Only once").waitFor();
    await away.waitFor({ state: "detached" });
    expected(troubles, "503");
  });

  await step("a page that the server cannot render is tried again, and what is around it stays, with what waits", async () => {
    await breakSettings(page);
    await context.route("**/api/**", (route) => route.fulfill({ status: 503, body: "{}" }));
    await context.route("**/token", (route) => route.fulfill({ status: 503, body: "{}" }));
    await addTask(page, "Outlive Postgres");
    await away.waitFor();
    await page.getByRole("navigation", { name: "Main" }).getByRole("link", { name: "Settings" }).click();
    await page.getByRole("heading", { level: 1, name: "One moment" }).waitFor();
    await page.getByText("One change waits for it.").waitFor();
    await assertAccessible(page, "a page that cannot be shown");
    await picture(page, "page-error");
    await context.unroute("**/api/**");
    await context.unroute("**/token");
    await page.getByRole("heading", { level: 1, name: "Settings" }).waitFor();
    await away.waitFor({ state: "detached" });
    await page.getByRole("navigation", { name: "Main" }).getByRole("link", { name: "Today" }).click();
    await row(page, "Outlive Postgres").waitFor();
    await settled(page);
    expected(troubles, "503", "React error #441"); // its word for a page that the server did not render
  });

  await step("where not even the frame of a page can be rendered, it says so, waits, and recovers by itself", async () => {
    let asked = 0;
    await context.route("**/token", (route) => {
      asked += 1;
      return route.fulfill({ status: 503, body: "{}" });
    });
    await breakFrame(page, { areTimersHeld: true });
    asked = 0; // by whatever was shown before
    const tryNow = page.getByRole("button", { name: "Try now" });
    await tryNow.focus();
    await tryNow.click();
    await becomes(() => asked, 1);
    assert.ok(await tryNow.evaluate((button) => button === document.activeElement), "the focus stays");
    await context.unroute("**/token");
    await page.evaluate(() => {
      window.areTimersHeld = false;
    });
    await row(page, "Outlive Postgres").waitFor();
    expected(troubles, "404", "503", "React error #441");
  });

  await step("all that was typed in an outage comes back where the session has ended by then", async () => {
    const notSaved = page.getByRole("region", { name: "Not saved" });
    const line = page.getByRole("textbox", { name: "New task" });
    await page.goto("/tasks?view=today");
    await page.getByRole("button", { name: "Edit “Only once”" }).waitFor();
    await context.route("**/api/**", (route) => route.fulfill({ status: 503, body: "{}" }));
    await page.getByRole("button", { name: "Edit “Only once”" }).click();
    await page.getByRole("textbox", { name: "Note" }).fill("Written on a train");
    await page.getByRole("button", { name: "Save" }).click();
    await page.getByRole("navigation", { name: "Main" }).getByRole("link", { name: /^All tasks/ }).click();
    for (const title of ["The first of two", "The second of two"]) {
      await line.fill(title);
      await line.press("Enter");
    }
    await page.getByText("3 changes wait for it.").waitFor();
    await context.route("**/api/**", (route) => route.fulfill({ status: 401, body: "{}" }));
    await page.getByRole("alert").filter({ hasText: "Sign in again" }).waitFor();
    // Which of the two is refused first is not for the page to say.
    await notSaved.getByText(/The (first|second) of two/).waitFor();
    await notSaved.getByText("Written on a train").waitFor();
    const inLine = await line.inputValue();
    const other = { "The first of two": "The second of two", "The second of two": "The first of two" }[inLine];
    await assertAccessible(page, "what is not saved");
    await assertFits(page);
    await picture(page, "not-saved");
    await context.unroute("**/api/**");
    await page.goto("/tasks?view=today"); // as after signing in
    await becomes(() => line.inputValue(), inLine);
    await notSaved.getByRole("button", { name: "Try again: “Only once”" }).click();
    await row(page, "Only once").getByText("Written on a train").waitFor();
    await notSaved.getByRole("button", { name: `Try again: “${other}”` }).click();
    await row(page, other).waitFor();
    await notSaved.waitFor({ state: "detached" });
    await settled(page);
    await line.fill("");
    expected(troubles, "503", "401");
  });

  await step("a token that the API refuses is replaced without a word", async () => {
    let refused = 0;
    await context.route("**/api/tasks", (route) => {
      refused += 1;
      return refused === 1 ? route.fulfill({ status: 401, body: "{}" }) : route.continue();
    });
    await addTask(page, "Show a new token");
    await settled(page);
    assert.equal(refused, 2);
    await context.unroute("**/api/tasks");
    expected(troubles, "401");
  });

  await step("a part of the page that could not be loaded is loaded when it is tried again, or the page is", async () => {
    const parts = "**/_next/static/chunks/*.js";
    const html = await page.evaluate(async () => (await fetch("/tasks")).text());
    let isGone = true;
    await page.route(parts, (route) => {
      const isPart = !html.includes(new URL(route.request().url()).pathname);
      return isPart && isGone ? route.abort() : route.continue();
    });
    const sheet = page.getByRole("dialog", { name: "Keyboard shortcuts" });
    const notice = page.getByRole("alert").filter({ hasText: "The list of shortcuts could not be shown." });
    const again = notice.getByRole("button", { name: "Try again" });
    const reload = notice.getByRole("button", { name: "Reload" });
    await page.reload();
    await row(page, "Only once").waitFor();
    await page.getByRole("textbox", { name: "New task" }).fill("Half a thought");
    await page.getByRole("button", { name: "Shortcuts" }).click();
    await again.click();
    await reload.waitFor();
    await becomesFocused(again, "the focus stays");
    await assertAccessible(page, "a part that could not be loaded");
    await assertFits(page);
    await picture(page, "part-away");
    isGone = false;
    await again.click();
    await sheet.waitFor();
    await becomes(() => notice.count(), 0);

    isGone = true;
    await page.reload();
    await row(page, "Only once").waitFor();
    await page.getByRole("button", { name: "Shortcuts" }).click();
    await again.click();
    await reload.waitFor();
    isGone = false;
    await reload.click();
    await notice.waitFor({ state: "detached" });
    await row(page, "Only once").waitFor();
    await becomes(() => page.getByRole("textbox", { name: "New task" }).inputValue(), "Half a thought");
    await page.getByRole("textbox", { name: "New task" }).fill("");
    await page.unroute(parts);
    expected(troubles, "ERR_FAILED", "ChunkLoadError");
  });
}

/** What tells the row of a part in what Next sends of a page. */
const SETTINGS = '"h1",null,{"children":"Settings"}';
const FRAME = '"userName":';

/** Has the page get once, in place of a part of the page that it goes to, what Next sends where it could not render that. */
async function breakPart(page, part) {
  await page.evaluate((part) => {
    const real = window.fetch;
    window.fetch = async (request, ...rest) => {
      const response = await real(request, ...rest);
      if (!/\?_rsc=/.test(String(request))) {
        return response;
      }
      const rows = (await response.text()).split("\n");
      const broken = rows.map((row) => (row.includes(part) ? row.replace(/:.*/, ':E{"digest":"1"}') : row));
      if (broken.some((row, place) => row !== rows[place])) {
        window.fetch = real;
      }
      return new Response(broken.join("\n"), response);
    };
  }, part);
}

export const breakSettings = (page) => breakPart(page, SETTINGS);

/**
 * Has the whole page be the one that is shown where not even its frame could be rendered. Its timers may be held, until
 * `window.areTimersHeld` is false: what is asked for meanwhile is by a click.
 */
export async function breakFrame(page, { areTimersHeld = false } = {}) {
  await page.goto("/nowhere");
  await page.evaluate((areTimersHeld) => {
    const real = window.setInterval;
    window.areTimersHeld = areTimersHeld;
    window.setInterval = (work, ...rest) => real(() => window.areTimersHeld || work(), ...rest);
  }, areTimersHeld);
  await breakPart(page, FRAME);
  await page.getByRole("link", { name: "To your tasks" }).click();
  await page.getByRole("heading", { level: 1, name: "One moment" }).waitFor();
}
