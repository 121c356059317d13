// Sits before the page in a real Chromium, while something happens to the backend.
//
//   BASE_URL=http://todo-app.local node e2e/outlast.mjs FOLDER served|cut-off
//
// Signs up, half types a task, and prints `watching`; then ticks a task again and again, until stdin ends. Exits with 1
// where anything that was ticked or typed is lost, or where the page was away, and was not to be, or the reverse.

import assert from "node:assert/strict";
import { account, addTask, assertAccessible, drive, expected, open, picture, settled, signUp, step } from "./browser.mjs";

const isToBeAway = process.argv[3] === "cut-off";
const { page, troubles } = await open();
const tick = page.getByRole("checkbox", { name: "Outlast it" });
const line = page.getByRole("textbox", { name: "New task" });
const away = page.getByText("The server is away. This page tries again by itself");

let wasAway = false;
let isOver = false;
process.stdin.resume().once("end", () => {
  isOver = true;
});

await drive(async () => {
  await step("someone is at work", async () => {
    await signUp(page, account);
    await page.goto("/tasks?view=all");
    await addTask(page, "Outlast it");
    await line.fill("Half a thought");
    await settled(page);
  });
  console.log("watching");
  let isTicked = false;
  await step("what is ticked shows at once, whatever becomes of the server", async () => {
    void away.waitFor({ timeout: 0 }).then(() => {
      wasAway = true;
    }, () => undefined); // the browser was closed
    while (!isOver) {
      isTicked = !isTicked;
      await tick.setChecked(isTicked);
      if (await away.isVisible()) {
        await assertAccessible(page, "a real outage");
        await picture(page, "cut-off");
        await away.waitFor({ state: "detached", timeout: 180_000 });
        console.log("back");
      }
      await page.waitForTimeout(200);
    }
    assert.equal(wasAway, isToBeAway, wasAway ? "the page was cut off" : "the page was not cut off");
  });
  await step("nothing that was ticked or typed is lost", async () => {
    await settled(page);
    for (const _ of ["as it is", "as the server has it"]) {
      assert.equal(await tick.isChecked(), isTicked);
      assert.equal(await line.inputValue(), "Half a thought");
      await page.reload();
      await tick.waitFor();
    }
    if (isToBeAway) {
      expected(troubles, "503", "502", "504", "ERR_");
    }
    assert.deepEqual(troubles, []);
  });
});
