// What the task page costs a browser, in five visits with an empty cache each:
//
//   BASE_URL=http://todo-app.local node benchmarks/browser/visits.mjs
//
// Needs an app that runs, app/frontend's node_modules, and Chromium; app/frontend/e2e/run.mjs says how the browser and
// the host are found. Makes an account and leaves it. Prints the compressed script that the page asks for, and the median,
// minimum and maximum of the first contentful paint and of each visit's longest interaction, from the press to the next
// frame, as Chromium's event timing rounds it to 8 ms; 0 stands for less than 16 ms, which it does not tell.

import { account, addTask, drive, open, settled, signUp } from "../../app/frontend/e2e/browser.mjs";
import { openTasks } from "../../app/frontend/e2e/weight.mjs";

const VISITS = 5;

async function visit(storageState, number) {
  const { context, page } = await open({ storageState });
  await page.addInitScript(() => {
    window.interactions = [];
    new PerformanceObserver((list) => {
      window.interactions.push(...list.getEntries().filter(({ interactionId }) => interactionId > 0));
    }).observe({ type: "event", durationThreshold: 16, buffered: true });
  });
  const scripts = await openTasks(page);
  const paint = await page.evaluate(() => performance.getEntriesByName("first-contentful-paint")[0].startTime);

  const title = `Visit ${number}`;
  await page.getByRole("textbox", { name: "New task" }).pressSequentially(`${title} !high #home `);
  await addTask(page, `${title} !high #home today`, title);
  await page.getByRole("checkbox", { name: title }).check();
  await settled(page);
  await page.getByRole("navigation", { name: "Main" }).getByRole("link", { name: /^Today/ }).click();
  await page.getByRole("heading", { level: 1, name: "Today" }).waitFor();
  await page.keyboard.press("?");
  await page.getByRole("dialog", { name: "Keyboard shortcuts" }).waitFor();
  await page.evaluate(() => new Promise((resolve) => requestAnimationFrame(() => setTimeout(resolve, 100))));
  const longest = await page.evaluate(() => Math.max(0, ...window.interactions.map(({ duration }) => duration)));
  await context.close();
  return { bytes: Object.values(scripts).reduce((sum, size) => sum + size, 0), paint, longest };
}

const say = (what, values, unit) => {
  const sorted = values.map(Math.round).sort((a, b) => a - b);
  console.log(`${what.padEnd(42)} ${sorted[Math.floor(sorted.length / 2)]} ${unit}  (${sorted[0]} to ${sorted.at(-1)})`);
};

await drive(async () => {
  const first = await open();
  await signUp(first.page, account);
  const storageState = await first.context.storageState();
  const visits = [];
  for (let number = 1; number <= VISITS; number += 1) {
    visits.push(await visit(storageState, number));
  }
  say("script that the page asks for, compressed", visits.map(({ bytes }) => bytes), "bytes");
  say("first contentful paint", visits.map(({ paint }) => paint), "ms");
  say("longest interaction of a visit", visits.map(({ longest }) => longest), "ms");
});
