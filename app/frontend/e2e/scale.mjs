// Has the Cluster page's button make load in a real Chromium, until the autoscaler has added pods.
//
//   BASE_URL=http://todo-app.local node e2e/scale.mjs FOLDER [and-back]
//
// With `and-back` it ends the load then, and waits until there are as many pods as before.

import assert from "node:assert/strict";
import { account, drive, expected, open, picture, signUp, step } from "./browser.mjs";

// Metrics come once a minute, and count the minute before.
const MINUTES = 60_000;

const { page, troubles } = await open();
const begin = page.getByRole("button", { name: "Make load for a minute" });
const end = page.getByRole("button", { name: "End the load" });
const stillEnding = page.getByText("The load before this one has not ended yet.");
const figure = (name) =>
  page.locator("section").filter({ has: page.getByRole("heading", { name: "Autoscaler of todo-backend" }) })
    .locator("div").filter({ has: page.getByText(name, { exact: true }) }).locator("dd");
const podsNow = async () => Number(await figure("Pods now").textContent());
const pods = page.getByRole("rowheader", { name: /^todo-backend-/ });

/** Asks about every second, as the page itself does. */
async function until(isSo, milliseconds) {
  for (const limit = Date.now() + milliseconds; !(await isSo()); await page.waitForTimeout(1000)) {
    assert.ok(Date.now() < limit, `after ${milliseconds / 1000} s: ${(await page.locator("main").innerText()).replaceAll("\n", " ")}`);
  }
}

await drive(async () => {
  let before = 0;
  let presses = 0;
  await step("the button makes load until the autoscaler adds pods", async () => {
    await signUp(page, account);
    await page.goto("/cluster");
    await begin.waitFor();
    const fewest = Number((await figure("Allowed").textContent()).split("–")[0]);
    await until(async () => (before = await podsNow()) === fewest, 8 * MINUTES); // what came before may have added some
    await until(async () => {
      if (await begin.isVisible()) {
        await begin.click();
        await end.or(stillEnding).waitFor();
        presses += 1;
      }
      return (await podsNow()) > before && (await pods.count()) > before;
    }, 5 * MINUTES);
    await picture(page, "scaled-up");
    console.log(`${await podsNow()} pods after ${presses} presses, CPU ${await figure("CPU of requests").textContent()}`);
  });
  if (process.argv[3] === "and-back") {
    await step("without load it takes them away again", async () => {
      await end.click().catch(() => undefined); // the minute may have just ended
      await until(async () => (await podsNow()) === before && (await pods.count()) === before, 8 * MINUTES);
    });
  }
  expected(troubles, "404", "409"); // what was to be ended had ended, or was about to
  assert.deepEqual(troubles, []);
});
