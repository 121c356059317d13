// Signing up, in and out; settings; the end of an account.

import assert from "node:assert/strict";
import {
  account,
  askApi,
  assertAccessible,
  baseUrl,
  becomes,
  expected,
  open,
  picture,
  row,
  signIn,
  signUp,
  step,
  tokenOf,
} from "./browser.mjs";

export async function meetTheApp({ page }) {
  await step("someone who is not signed in is led to sign-in, and finds sign-up", async () => {
    await page.goto("/tasks");
    await page.waitForURL("**/sign-in");
    await assertAccessible(page, "sign-in");
    await page.getByRole("link", { name: "Create an account" }).click();
    await page.waitForURL("**/sign-up");
    await page.getByRole("heading", { name: "Create your account" }).waitFor();
    if (process.env.TODO_HOST_RULE && baseUrl.startsWith("http:")) {
      assert.equal(await page.evaluate(() => isSecureContext), false, "this run is to show what works without one");
    }
    await assertAccessible(page, "sign-up");
    await picture(page, "sign-up");
  });

  await step("a form that is filled in badly says so at the field", async () => {
    await page.getByLabel("Name").fill(account.name);
    await page.getByLabel("E-mail").fill(account.email);
    await page.getByLabel("Password").fill("short");
    await page.getByRole("button", { name: "Sign up" }).click();
    const password = page.getByLabel("Password");
    await page.getByText("Use at least 8 characters.").waitFor();
    await becomes(() => password.getAttribute("aria-invalid"), "true");
    const described = (await password.getAttribute("aria-describedby")).split(" ").map((id) => `#${id}`);
    assert.match((await page.locator(described.join(", ")).allTextContents()).join(" "), /Use at least 8 characters/);
    await assertAccessible(page, "sign-up with an error");
  });

  await step("sign-up leads to a few samples, which one click removes", async () => {
    await page.getByLabel("Password").fill(account.password);
    await page.getByRole("button", { name: "Sign up" }).click();
    await page.waitForURL("**/tasks");
    await page.getByText("These sample tasks are for trying things on.").waitFor();
    await becomes(async () => (await page.getByRole("checkbox", { name: /^(?!Hide)/ }).count()) >= 3, true, "at least three");
    await assertAccessible(page, "a first visit");
    await picture(page, "first-visit");
    const main = page.getByRole("navigation", { name: "Main" });
    await main.getByRole("link", { name: /^All tasks.*\d/ }).waitFor();
    await page.getByRole("button", { name: "Remove the samples" }).click();
    await page.getByRole("heading", { name: "Nothing to do yet" }).waitFor();
    await main.getByRole("link", { name: "All tasks", exact: true }).waitFor(); // the server has heard of it
    await assertAccessible(page, "an empty list");
    await picture(page, "empty");
    await page.reload();
    await page.getByRole("heading", { name: "Nothing to do yet" }).waitFor();
  });
}

export async function settings({ page, troubles }) {
  await step("the theme of one's choice stays, and no page flashes in the other", async () => {
    await page.goto("/settings");
    await page.getByRole("navigation", { name: "Main" }).getByRole("link", { name: /^All tasks.*\d/ }).waitFor();
    await page.getByRole("radio", { name: "Dark" }).check();
    const isDark = () => page.evaluate(async () => /<html lang="en" data-theme="dark">/.test(await (await fetch("/settings")).text()));
    await becomes(isDark, true, "the server renders it dark");
    await assertAccessible(page, "settings, dark by choice");
    await page.getByRole("radio", { name: "Same as the system" }).check();
    await assertAccessible(page, "settings");
    await picture(page, "settings");
  });

  await step("all of one's data can be had as a file", async () => {
    const [download] = await Promise.all([
      page.waitForEvent("download"),
      page.getByRole("button", { name: "Export as JSON" }).click(),
    ]);
    const chunks = await (await download.createReadStream()).toArray();
    const exported = JSON.parse(Buffer.concat(chunks).toString());
    assert.equal(exported.account.email, account.email);
    assert.ok(exported.tasks.some(({ title }) => title === "Buy oat milk"));
  });

  await step("a new password ends the session in the other browser", async () => {
    const other = await open();
    await other.page.goto("/sign-in");
    await signIn(other.page);
    await other.page.waitForURL("**/tasks");

    await page.getByLabel("Current password").fill("not the password");
    await page.getByLabel("New password").fill("difference engine");
    await page.getByRole("button", { name: "Change password" }).click();
    await page.getByText("This is not your password.").waitFor();
    await page.getByLabel("Current password").fill(account.password);
    await page.getByLabel("New password").fill("difference engine");
    await page.getByRole("button", { name: "Change password" }).click();
    await page.getByText("Password changed").waitFor();
    account.password = "difference engine";
    expected(troubles, "400");

    await other.page.goto("/tasks");
    await other.page.waitForURL("**/sign-in");
    await other.context.close();
  });
}

export async function leaveTheAccount({ page, context, troubles }) {
  const other = await context.newPage();
  const form = other.getByRole("form", { name: "Edit “Chapter 55”" });
  const ended = other.getByRole("alert").filter({ hasText: "Sign in again" });

  await step("sign-out ends the session", async () => {
    await other.clock.install();
    await other.goto("/tasks");
    await other.getByRole("button", { name: "Edit “Chapter 55”" }).click();
    await form.getByRole("textbox", { name: "Note" }).fill("Half a page");
    await page.goto("/tasks");
    await page.getByRole("button", { name: "Sign out" }).click();
    await page.waitForURL("**/sign-in");
    await page.goto("/tasks");
    await page.waitForURL("**/sign-in");
  });

  await step("another tab says so within five minutes, and keeps what was typed there", async () => {
    await other.clock.fastForward("05:00");
    await ended.waitFor();
    await form.getByRole("button", { name: "Save" }).click();
    await form.getByText("Your session has ended.").waitFor();
    assert.equal(await form.getByRole("textbox", { name: "Note" }).inputValue(), "Half a page");
    await assertAccessible(other, "a session that has ended");
    await picture(other, "session-ended");
  });

  await step("a wrong password is refused, the right one brings the tasks back", async () => {
    await signIn(page, "not the password");
    await page.getByText("The e-mail address or the password is wrong.").waitFor();
    await signIn(page);
    await page.waitForURL("**/tasks");
    await row(page, "Chapter 55").waitFor();
    await form.getByRole("button", { name: "Save" }).click();
    await row(other, "Chapter 55").getByText("Half a page").waitFor();
    await ended.waitFor({ state: "detached" });
    await other.close();
    expected(troubles, "401");
  });

  await step("another user sees none of them", async () => {
    const other = await open();
    await signUp(other.page, { ...account, name: "Grace", email: `grace-${account.email}` });
    await other.page.getByText("These sample tasks are for trying things on.").waitFor();
    assert.equal(await row(other.page, "Chapter 55").count(), 0);
    await other.context.close();
  });

  await step("signing out everywhere ends the session in the other browser too", async () => {
    const other = await open({ storageState: await context.storageState() });
    await page.goto("/settings");
    await page.getByRole("button", { name: "Sign out everywhere" }).click();
    await page.waitForURL("**/sign-in");
    await other.page.goto("/tasks");
    await other.page.waitForURL("**/sign-in");
    await other.context.close();
    await signIn(page);
    await page.waitForURL("**/tasks");
  });

  await step("a deleted account is gone at once, for a token that was minted before too", async () => {
    const token = await tokenOf(page);
    const write = async () => (await askApi(page, token, "POST", "/api/tasks", { title: "From the grave" })).status;
    assert.equal(await write(), 201);
    await page.goto("/settings");
    await page.getByRole("button", { name: "Delete account…" }).click();
    await assertAccessible(page, "the question before an account is deleted");
    await picture(page, "delete-account");
    await page.getByRole("button", { name: "Delete forever" }).click();
    await page.getByText("Enter your password.").waitFor();
    await page.getByRole("dialog").getByLabel("Password").fill(account.password);
    await page.getByRole("button", { name: "Delete forever" }).click();
    await page.waitForURL("**/sign-up");
    assert.equal(await write(), 401);
    await page.goto("/sign-in");
    await signIn(page);
    await page.getByText("The e-mail address or the password is wrong.").waitFor();
    expected(troubles, "401");
  });
}
