// Chromium, and what the steps share: pages with ears, pictures, axe, and a person's account.

import assert from "node:assert/strict";
import path from "node:path";
import { setTimeout } from "node:timers/promises";
import { isDeepStrictEqual } from "node:util";
import { AxeBuilder } from "@axe-core/playwright";
import { chromium } from "playwright-core";

export const baseUrl = process.env.BASE_URL;
if (!baseUrl) {
  console.error("e2e: BASE_URL is missing, such as http://todo-app.local");
  process.exit(1);
}
const PATIENCE_MS = 60_000; // with what a busy machine does in the end
const folder = path.resolve(process.argv[2] ?? "e2e-screenshots");

export const browser = await chromium.launch({
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

/** A time zone in which it is about noon, so that no day ends before the run does. */
function whereItIsNoon() {
  const hours = new Date().getUTCHours() - 12;
  return `Etc/GMT${hours < 0 ? hours : `+${hours}`}`; // the sign is the reverse of the usual one
}

/** A page in a browser profile of its own, for someone where it is about noon; `troubles` fills with what its console and
 *  its scripts complain about, with requests to anywhere else, and with HSTS over plain HTTP. */
export async function open(options = {}) {
  const viewport = { width: 1200, height: 800 };
  const context = await browser.newContext({ baseURL: baseUrl, viewport, timezoneId: whereItIsNoon(), ...options });
  const page = await context.newPage();
  page.setDefaultTimeout(PATIENCE_MS);
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

/** Drops the troubles that a step meant to make, such as the browser's own word for each 503. */
export function expected(troubles, ...words) {
  troubles.splice(0, troubles.length, ...troubles.filter((trouble) => !words.some((word) => trouble.includes(word))));
}

export const picture = (page, name) =>
  page.screenshot({ path: path.join(folder, `${name}.png`), animations: "disabled" });

/** Fails when the page is wider than its window, or something in a form, a bar, a dialog or a notice than its place. */
export async function assertFits(page) {
  const tooWide = await page.evaluate(() => {
    const boxes = [document.documentElement, ...document.querySelectorAll("form, aside, dialog[open], [role=alert] p, [role=status] p")];
    const within = boxes.flatMap((box) => [box, ...box.querySelectorAll("nav, form, p, ul, li, div")]);
    return within
      .filter((box) => box.tabIndex !== 0) // a table that scrolls on its own, and is reached by keyboard for that
      .filter((box) => box.clientWidth > 1 && box.scrollWidth > box.clientWidth + 1 && getComputedStyle(box).textOverflow !== "ellipsis")
      .map((box) => `${box.tagName} ${box.className}: ${box.scrollWidth} px in ${box.clientWidth} px`);
  });
  assert.deepEqual(tooWide, []);
}

/** Fails when axe finds anything, by WCAG 2.2 AA or its own best practices. */
export async function assertAccessible(page, name) {
  // What is still moving is not what people read.
  await page.evaluate(() => {
    const ending = document.getAnimations().filter(({ effect }) => effect.getComputedTiming().endTime < Infinity);
    return Promise.allSettled(ending.map((animation) => animation.finished));
  });
  const tags = ["wcag2a", "wcag2aa", "wcag21a", "wcag21aa", "wcag22aa", "best-practice"];
  const { violations } = await new AxeBuilder({ page }).withTags(tags).analyze();
  const found = violations.flatMap(({ id, nodes }) => nodes.map((node) => `${id}: ${node.target.join(" ")} ${node.failureSummary}`));
  assert.deepEqual(found, [], `axe on ${name}`);
}

/** Fails when anything may move, or when nothing would without the wish that it does not. */
export async function assertStill(page) {
  const longest = () =>
    page.evaluate(() => {
      const looks = [...document.querySelectorAll("*")].flatMap((element) =>
        [undefined, "::before", "::after"].map((part) => getComputedStyle(element, part)),
      );
      const lists = looks.flatMap((look) => [look.transitionDuration, look.animationDuration]);
      return Math.max(...lists.flatMap((list) => list.split(", ").map(parseFloat)).filter((seconds) => !Number.isNaN(seconds)));
    });
  await page.emulateMedia({ reducedMotion: "no-preference" });
  assert.ok((await longest()) > 0.05, "something moves");
  await page.emulateMedia({ reducedMotion: "reduce" });
  assert.ok((await longest()) <= 0.001, "nothing moves for those who asked for that");
}

/** Fails unless `read` comes to give `expected`: what an event leads to may be drawn, or focused, after it. */
export async function becomes(read, expected, what) {
  const limit = Date.now() + PATIENCE_MS;
  let actual = await read();
  while (!isDeepStrictEqual(actual, expected) && Date.now() < limit) {
    await setTimeout(50);
    actual = await read();
  }
  assert.deepEqual(actual, expected, what);
}

/** Fails unless it comes to have the focus. */
export const becomesFocused = (element, what = "it has the focus") =>
  becomes(() => element.evaluate((element) => element === document.activeElement), true, what);

/** A promise, `isOpen`, that is kept once a step calls `open`. */
export function gate() {
  let open = () => undefined;
  const isOpen = new Promise((resolve) => {
    open = resolve;
  });
  return { open, isOpen };
}

/** A token of the page's user for the API. */
export const tokenOf = (page) => page.evaluate(async () => (await (await fetch("/token", { method: "POST" })).json()).token);

/** Asks the API past the page, as another device would; tells the answer's status, and what is in it. */
export const askApi = (page, token, method, path, body) =>
  page.evaluate(
    async ([token, method, path, body]) => {
      const headers = { Authorization: `Bearer ${token}`, "Content-Type": "application/json" };
      const answer = await fetch(path, { method, headers, body });
      const text = await answer.text();
      return { status: answer.status, data: text === "" ? null : JSON.parse(text) };
    },
    [token, method, path, body && JSON.stringify(body)],
  );

export async function step(name, work) {
  const started = performance.now();
  try {
    await work();
  } catch (error) {
    throw new Error(`${name}: ${error.message}`, { cause: error });
  }
  console.log(`ok ${name} (${Math.round(performance.now() - started)} ms)`);
}

/** Does it, and closes the browser. Where it fails it says what did, leaves a picture of every page, and exits with 1. */
export async function drive(work) {
  try {
    await work();
  } catch (error) {
    console.error(`failed ${error.message}`);
    process.exitCode = 1;
    for (const [number, page] of browser.contexts().flatMap((context) => context.pages()).entries()) {
      await picture(page, `failure-${number}`).catch(() => undefined);
    }
  } finally {
    await browser.close();
  }
}

export const row = (page, title) => page.locator("[data-task]").filter({ has: page.getByText(title, { exact: true }) });

export async function addTask(page, line, title = line) {
  await page.getByRole("textbox", { name: "New task" }).fill(line);
  await page.getByRole("button", { name: "Add", exact: true }).click();
  await row(page, title).first().waitFor();
}

/** Waits until nothing waits for the server any more. */
export async function settled(page) {
  await page.waitForFunction(() => document.querySelector("[data-pending=true], [aria-busy=true]") === null);
}

export const account = {
  name: "Ada Lovelace",
  email: `ada-${Date.now()}-${Math.floor(Math.random() * 1e6)}@example.com`,
  password: "engine number nine",
};

export async function signUp(page, { name, email, password }) {
  await page.goto("/sign-up");
  await page.getByLabel("Name").fill(name);
  await page.getByLabel("E-mail").fill(email);
  await page.getByLabel("Password").fill(password);
  await page.getByRole("button", { name: "Sign up" }).click();
  await page.waitForURL("**/tasks");
}

export async function signIn(page, password = account.password) {
  await page.getByLabel("E-mail").fill(account.email);
  await page.getByLabel("Password").fill(password);
  await page.getByRole("button", { name: "Sign in" }).click();
}
