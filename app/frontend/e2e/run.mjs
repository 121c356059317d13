// Drives the app in a real Chromium as a person would, and takes pictures on the way.
//
//   BASE_URL=http://todo-app.local node e2e/run.mjs [folder for the screenshots]
//
// TODO_HOST_RULE  how Chromium finds the host, such as "MAP todo-app.local 192.168.49.2"
// TODO_CLUSTER    1 where the app runs in Kubernetes, and so has a Cluster page
// TODO_LOOKS      0 where the looks of all pages, light and dark, wide and narrow, are not asked for
// CHROMIUM        the browser (default /usr/bin/chromium)
//
// Exits with 1 at the first thing that is not as it should be.

import assert from "node:assert/strict";
import { leaveTheAccount, meetTheApp, settings } from "./account.mjs";
import { assistant, cluster } from "./assistant.mjs";
import { outages } from "./away.mjs";
import { drive, open, step } from "./browser.mjs";
import { headers } from "./headers.mjs";
import { keyboard } from "./keyboard.mjs";
import { looks } from "./looks.mjs";
import { lists, tasks, twoTabs } from "./tasks.mjs";
import { weight } from "./weight.mjs";

const PARTS = [
  ...[meetTheApp, tasks, weight, lists, keyboard, twoTabs, outages, assistant, cluster],
  ...(process.env.TODO_LOOKS === "0" ? [] : [looks]),
  ...[headers, settings, leaveTheAccount],
];

await drive(async () => {
  const session = await open();
  for (const part of PARTS) {
    await part(session);
  }
  await step("the browser had nothing to complain about", () => {
    assert.deepEqual(session.troubles, []);
    return Promise.resolve();
  });
});
