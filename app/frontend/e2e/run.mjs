// Drives the app in a real Chromium as a person would, and takes pictures on the way.
//
//   BASE_URL=http://todo-app.local node e2e/run.mjs [folder for the screenshots]
//
// TODO_HOST_RULE  how Chromium finds the host, such as "MAP todo-app.local 192.168.49.2"
// CHROMIUM        the browser (default /usr/bin/chromium)
//
// Exits with 1 at the first thing that is not as it should be.

import assert from "node:assert/strict";
import { mkdirSync } from "node:fs";
import path from "node:path";
import { chromium } from "playwright-core";

const baseUrl = process.env.BASE_URL;
if (!baseUrl) {
  console.error("e2e: BASE_URL is missing, such as http://todo-app.local");
  process.exit(1);
}
const folder = path.resolve(process.argv[2] ?? "e2e-screenshots");
mkdirSync(folder, { recursive: true });

const browser = await chromium.launch({
  executablePath: process.env.CHROMIUM || "/usr/bin/chromium",
  args: [
    "--no-sandbox",
    "--disable-gpu",
    "--disable-quic",
    "--no-first-run",
    "--disable-background-networking",
    "--disable-component-update",
    "--disable-sync",
    ...(process.env.TODO_HOST_RULE ? [`--host-resolver-rules=${process.env.TODO_HOST_RULE}`] : []),
  ],
});

/** A page in a browser profile of its own; `troubles` fills with what its console and its scripts complain about,
 *  with requests to anywhere else, and with HSTS over plain HTTP. */
async function open(options = {}) {
  const context = await browser.newContext({ baseURL: baseUrl, viewport: { width: 1100, height: 760 }, ...options });
  const page = await context.newPage();
  page.setDefaultTimeout(15_000);
  const troubles = [];
  page.on("pageerror", (error) => troubles.push(String(error)));
  page.on("console", (message) => {
    if (message.type() === "error") {
      troubles.push(message.text());
    }
  });
  const origin = new URL(baseUrl).origin;
  page.on("request", (request) => {
    if (request.url().startsWith("http") && new URL(request.url()).origin !== origin) {
      troubles.push(`asks elsewhere: ${request.url()}`);
    }
  });
  page.on("response", (response) => {
    if (origin.startsWith("http:") && response.headers()["strict-transport-security"]) {
      troubles.push(`HSTS over plain HTTP: ${response.url()}`);
    }
  });
  return { context, page, troubles };
}

const picture = (page, name) => page.screenshot({ path: path.join(folder, `${name}.png`), animations: "disabled" });

/** Fails when the page is wider than its window. */
async function assertFits(page) {
  const [content, window_] = await page.evaluate(() => [document.documentElement.scrollWidth, window.innerWidth]);
  assert.ok(content <= window_, `the page is ${content} px wide in a window of ${window_} px`);
}

async function step(name, work) {
  const started = performance.now();
  try {
    await work();
  } catch (error) {
    throw new Error(`${name}: ${error.message}`, { cause: error });
  }
  console.log(`ok ${name} (${Math.round(performance.now() - started)} ms)`);
}

const row = (page, title) => page.getByRole("listitem").filter({ has: page.getByText(title, { exact: true }) });

async function addTask(page, title, note) {
  await page.getByRole("textbox", { name: "New task" }).fill(title);
  if (note !== undefined) {
    await page.getByRole("button", { name: "Note", exact: true }).click();
    await page.getByRole("textbox", { name: "Note", exact: true }).fill(note);
  }
  await page.getByRole("button", { name: "Add", exact: true }).click();
  await row(page, title).waitFor();
}

const account = {
  name: "Ada Lovelace",
  email: `ada-${Date.now()}-${Math.floor(Math.random() * 1e6)}@example.com`,
  password: "engine number nine",
};

async function signIn(page, password = account.password) {
  await page.getByLabel("E-mail").fill(account.email);
  await page.getByLabel("Password").fill(password);
  await page.getByRole("button", { name: "Sign in" }).click();
}

async function main() {
  const { context, page, troubles } = await open();

  await step("someone who is not signed in is led to sign-in, and finds sign-up", async () => {
    await page.goto("/tasks");
    await page.waitForURL("**/sign-in");
    await page.getByRole("link", { name: "Create an account" }).click();
    await page.waitForURL("**/sign-up");
    await page.getByRole("heading", { name: "Create your account" }).waitFor();
    if (process.env.TODO_HOST_RULE && baseUrl.startsWith("http:")) {
      assert.equal(await page.evaluate(() => isSecureContext), false, "this run is to show what works without one");
    }
    await picture(page, "sign-up");
  });

  await step("a form that is filled in badly says so at the field", async () => {
    await page.getByLabel("Name").fill(account.name);
    await page.getByLabel("E-mail").fill(account.email);
    await page.getByLabel("Password").fill("short");
    await page.getByRole("button", { name: "Sign up" }).click();
    const password = page.getByLabel("Password");
    await page.getByText("Use at least 8 characters.").waitFor();
    assert.equal(await password.getAttribute("aria-invalid"), "true");
    const described = (await password.getAttribute("aria-describedby")).split(" ").map((id) => `#${id}`);
    assert.match((await page.locator(described.join(", ")).allTextContents()).join(" "), /Use at least 8 characters/);
    await picture(page, "sign-up-error");
  });

  await step("sign-up leads to an empty list", async () => {
    await page.getByLabel("Password").fill(account.password);
    await page.getByRole("button", { name: "Sign up" }).click();
    await page.waitForURL("**/tasks");
    await page.getByRole("heading", { name: "Nothing to do yet" }).waitFor();
    await picture(page, "empty");
  });

  await step("tasks can be added", async () => {
    await addTask(page, "Read the workshop notes");
    await addTask(page, "Water the plants", "The fern in the hall only needs half a cup.");
    await addTask(page, "Call grandmother");
    await addTask(page, "Buy milk and bread");
    assert.equal(await page.getByRole("textbox", { name: "New task" }).inputValue(), "");
  });

  await step("a task can be ticked, and stays so", async () => {
    await page.getByRole("checkbox", { name: "Call grandmother" }).check();
    await page.getByRole("status").filter({ hasText: "Done: “Call grandmother”" }).waitFor();
    await page.reload();
    await row(page, "Call grandmother").waitFor();
    assert.ok(await page.getByRole("checkbox", { name: "Call grandmother" }).isChecked());
    assert.ok(!(await page.getByRole("checkbox", { name: "Water the plants" }).isChecked()));
  });

  await step("a task can be edited", async () => {
    await page.getByRole("button", { name: "Edit “Buy milk and bread”" }).click();
    await picture(page, "edit");
    await page.getByRole("textbox", { name: "Title" }).fill("Buy oat milk");
    await page.getByRole("textbox", { name: "Title" }).press("Enter");
    await row(page, "Buy oat milk").waitFor();
    assert.equal(await row(page, "Buy milk and bread").count(), 0);
  });

  await step("the keyboard alone is enough to delete a task", async () => {
    const task = row(page, "Read the workshop notes");
    await task.getByRole("button", { name: "Delete “Read the workshop notes”" }).focus();
    await page.keyboard.press("Enter");
    await page.keyboard.press("Enter");
    await page.getByRole("status").filter({ hasText: "Deleted “Read the workshop notes”" }).waitFor();
    assert.equal(await task.count(), 0);
    assert.equal(await page.evaluate(() => document.activeElement?.id), "new-title");
    await page.mouse.click(5, 300);
    await picture(page, "tasks");
  });

  await step("it fits 320 px, in light and dark", async () => {
    const state = await context.storageState();
    for (const colorScheme of ["light", "dark"]) {
      const narrow = await open({ storageState: state, colorScheme, viewport: { width: 320, height: 640 } });
      await narrow.page.goto("/tasks");
      await row(narrow.page, "Buy oat milk").waitFor();
      await assertFits(narrow.page);
      await picture(narrow.page, `narrow-${colorScheme}`);
      await narrow.page.getByRole("button", { name: "Edit “Buy oat milk”" }).click();
      await assertFits(narrow.page);
      await narrow.context.close();
    }
    const dark = await open({ storageState: state, colorScheme: "dark" });
    await dark.page.goto("/tasks");
    await row(dark.page, "Buy oat milk").waitFor();
    await picture(dark.page, "tasks-dark");
    await dark.context.close();
  });

  await step("while the API is away what was typed stays, and the page recovers by itself", async () => {
    await context.route("**/api/**", (route) => route.fulfill({ status: 503, contentType: "application/problem+json", body: "{}" }));
    const title = page.getByRole("textbox", { name: "New task" });
    await title.fill("Survive an outage");
    await page.getByRole("button", { name: "Add", exact: true }).click();
    await page.getByText("The server is away. This page").waitFor();
    assert.equal(await title.inputValue(), "Survive an outage");
    await picture(page, "away");
    await context.unroute("**/api/**");
    await page.getByText("The server is away. This page").waitFor({ state: "detached" });
    await page.getByRole("button", { name: "Add", exact: true }).click();
    await row(page, "Survive an outage").waitFor();
    // The browser itself logs each 503.
    troubles.splice(0, troubles.length, ...troubles.filter((trouble) => !trouble.includes("503")));
  });

  await step("a token that the API refuses is replaced without a word", async () => {
    let refused = 0;
    await context.route("**/api/tasks", (route) => {
      refused += 1;
      return refused === 1 ? route.fulfill({ status: 401, body: "{}" }) : route.continue();
    });
    await addTask(page, "Show a new token");
    assert.equal(refused, 2);
    await context.unroute("**/api/tasks");
    troubles.splice(0, troubles.length, ...troubles.filter((trouble) => !trouble.includes("401")));
  });

  await step("the tasks beyond the first fifty are a click away", async () => {
    await page.evaluate(async () => {
      const { token } = await (await fetch("/token", { method: "POST" })).json();
      const headers = { Authorization: `Bearer ${token}`, "Content-Type": "application/json" };
      for (let number = 1; number <= 55; number += 1) {
        await fetch("/api/tasks", { method: "POST", headers, body: JSON.stringify({ title: `Chapter ${number}` }) });
      }
    });
    await page.reload();
    await row(page, "Chapter 55").waitFor();
    assert.equal(await page.getByRole("checkbox").count(), 50);
    await page.getByRole("button", { name: "Show more" }).click();
    await row(page, "Water the plants").waitFor();
    assert.equal(await page.getByRole("checkbox").count(), 60);
    assert.equal(await page.getByRole("button", { name: "Show more" }).count(), 0);
  });

  await step("sign-out ends the session", async () => {
    await page.getByRole("button", { name: "Sign out" }).click();
    await page.waitForURL("**/sign-in");
    await page.goto("/tasks");
    await page.waitForURL("**/sign-in");
  });

  await step("a wrong password is refused, the right one brings the tasks back", async () => {
    await signIn(page, "not the password");
    await page.getByText("The e-mail address or the password is wrong.").waitFor();
    await signIn(page);
    await page.waitForURL("**/tasks");
    await row(page, "Chapter 55").waitFor();
    troubles.splice(0, troubles.length, ...troubles.filter((trouble) => !trouble.includes("401")));
  });

  await step("another user sees none of them", async () => {
    const other = await open();
    await other.page.goto("/sign-up");
    await other.page.getByLabel("Name").fill("Grace");
    await other.page.getByLabel("E-mail").fill(`grace-${account.email}`);
    await other.page.getByLabel("Password").fill(account.password);
    await other.page.getByRole("button", { name: "Sign up" }).click();
    await other.page.getByRole("heading", { name: "Nothing to do yet" }).waitFor();
    await other.context.close();
  });

  await step("the browser had nothing to complain about", () => {
    assert.deepEqual(troubles, []);
    return Promise.resolve();
  });
}

try {
  await main();
} catch (error) {
  console.error(`failed ${error.message}`);
  process.exitCode = 1;
  for (const context of browser.contexts()) {
    for (const page of context.pages()) {
      await picture(page, "failure").catch(() => undefined);
    }
  }
} finally {
  await browser.close();
}
