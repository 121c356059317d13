// The assistant by its rules, and what teaches: the pods that serve, and the Cluster page where there is one.

import {
  askApi,
  assertAccessible,
  assertFits,
  becomes,
  becomesFocused,
  expected,
  gate,
  picture,
  row,
  settled,
  step,
  tokenOf,
} from "./browser.mjs";

export async function assistant({ page, context, troubles }) {
  const panel = page.getByRole("dialog", { name: "Assistant" });
  const say = async (words) => {
    await panel.getByRole("textbox", { name: "Message" }).fill(words);
    await panel.getByRole("textbox", { name: "Message" }).press("Enter");
    await panel.getByRole("button", { name: "Send" }).waitFor();
  };

  /** Says something, and hears nothing of the answer, which the server has given in full once this returns. */
  const sayUnheard = async (words) => {
    await page.evaluate(() => {
      const real = window.fetch;
      window.isAnswered = false;
      window.fetch = async (request, options) => {
        const response = await real(request, options);
        if (!request.url?.endsWith("/api/assistant/messages")) {
          return response;
        }
        window.fetch = real;
        await response.text();
        window.isAnswered = true;
        const silent = new ReadableStream({
          start(controller) {
            options.signal.addEventListener("abort", () => controller.error(options.signal.reason));
          },
        });
        return new Response(silent, response);
      };
    });
    await panel.getByRole("textbox", { name: "Message" }).fill(words);
    await panel.getByRole("button", { name: "Send" }).click();
    await page.waitForFunction(() => window.isAnswered);
  };

  await step("the assistant adds a task in plain words, shows the change, and takes it back", async () => {
    await page.goto("/tasks?view=upcoming");
    await row(page, "Water the cactus").waitFor();
    await page.keyboard.press("c");
    await panel.waitFor();
    await assertAccessible(page, "the assistant");
    await say("add buy bread tomorrow at 9");
    await panel.getByText(/^Added “buy bread”$/i).waitFor();
    await page.locator("[data-task]").filter({ hasText: /buy bread/i }).waitFor();
    await assertAccessible(page, "the assistant with a change");
    await picture(page, "assistant");
    await panel.getByRole("button", { name: "Undo" }).click();
    await panel.getByText("(undone)").waitFor();
    await page.locator("[data-task]").filter({ hasText: /buy bread/i }).waitFor({ state: "detached" });
  });

  await step("it completes and finds tasks", async () => {
    await say("complete water the cactus");
    await panel.getByText("Done “Water the cactus”", { exact: true }).waitFor();
    await panel.getByRole("button", { name: "Undo" }).last().click();
    await row(page, "Water the cactus").waitFor();
    await settled(page);
    await say("what is upcoming?");
    await panel.getByRole("listitem").filter({ hasText: "Water the cactus" }).first().waitFor();
  });

  await step("it deletes nothing without a click of one's own, and that can be undone", async () => {
    await say("delete water the cactus");
    await panel.getByRole("group", { name: "Delete “Water the cactus”?" }).waitFor();
    await row(page, "Water the cactus").waitFor();
    await assertAccessible(page, "the assistant with a question");
    await picture(page, "assistant-question");
    await panel.getByRole("button", { name: "Keep it" }).click();
    await panel.getByText("Kept").waitFor();
    await say("delete water the cactus");
    await panel.getByRole("button", { name: "Delete it" }).click();
    await row(page, "Water the cactus").waitFor({ state: "detached" });
    await panel.getByRole("group", { name: "Delete “Water the cactus”?" }).getByRole("button", { name: "Undo" }).click();
    await row(page, "Water the cactus").waitFor();
    await settled(page);
  });

  await step("conversations are kept, and can be forgotten", async () => {
    await page.reload();
    await row(page, "Water the cactus").waitFor();
    await page.getByRole("button", { name: "Assistant" }).click();
    const choice = panel.getByRole("combobox", { name: "Conversation" });
    await choice.locator("option").nth(1).waitFor({ state: "attached" });
    await choice.selectOption({ index: 1 });
    await panel.getByRole("log").getByText("Done “Water the cactus”", { exact: true }).waitFor();
    await panel.getByRole("button", { name: "Undo" }).first().waitFor();
    await panel.getByRole("button", { name: "Forget this conversation" }).click();
    await panel.getByText("Say in plain words").waitFor();
    await page.waitForFunction(() => document.querySelectorAll("#conversation option").length === 1);
  });

  await step("an answer can be stopped, and shows what it changed all the same, with an undo", async () => {
    await say("what is upcoming?");
    await sayUnheard("complete water the cactus");
    await panel.getByRole("button", { name: "Stop" }).click();
    await panel.getByText("Stopped. What was done until then stays.").waitFor();
    await panel.getByText("Done “Water the cactus”", { exact: true }).waitFor();
    await row(page, "Water the cactus").waitFor({ state: "detached" });
    await panel.getByRole("button", { name: "Undo" }).last().click();
    await row(page, "Water the cactus").waitFor();
    await settled(page);
  });

  await step("what it did shows, and is remembered, also where not even its beginning was heard", async () => {
    const choice = panel.getByRole("combobox", { name: "Conversation" });
    await choice.selectOption({ label: "New conversation" });
    await sayUnheard("add feed the cactus tomorrow");
    await panel.getByRole("button", { name: "Stop" }).click();
    await panel.getByText("Stopped. What was done until then stays.").waitFor();
    await page.locator("[data-task]").filter({ hasText: /feed the cactus/i }).waitFor();
    await panel.getByText(/^Added “feed the cactus”$/i).waitFor();
    await panel.getByRole("button", { name: "Undo" }).click();
    await page.locator("[data-task]").filter({ hasText: /feed the cactus/i }).waitFor({ state: "detached" });
    await settled(page);
    await becomes(() => choice.locator("option:checked").textContent(), "add feed the cactus tomorrow");
    await say("what is upcoming?"); // goes on with it
    await choice.selectOption({ label: "New conversation" });
    await choice.selectOption({ label: "add feed the cactus tomorrow" });
    await panel.getByRole("log").getByText(/^Added “feed the cactus”$/i).waitFor();
    await panel.getByRole("log").getByText("what is upcoming?").waitFor();
    await choice.selectOption({ label: "New conversation" });
  });

  await step("a conversation that comes late does not show in the one that was opened since", async () => {
    const choice = panel.getByRole("combobox", { name: "Conversation" });
    const [slow] = await choice.locator("option").filter({ hasText: "add feed the cactus tomorrow" }).all();
    const id = await slow.getAttribute("value");
    const answer = gate();
    await context.route(`**/api/conversations/${id}`, async (route) => {
      await answer.isOpen;
      await route.continue();
    });
    await choice.selectOption(id);
    await panel.getByRole("log").and(panel.locator("[aria-busy=true]")).waitFor();
    await panel.getByRole("textbox", { name: "Message" }).fill("too early");
    await panel.getByRole("textbox", { name: "Message" }).press("Enter"); // not sent before the conversation is there
    await becomes(() => panel.getByRole("textbox", { name: "Message" }).inputValue(), "too early");
    await choice.selectOption({ label: "New conversation" });
    await panel.getByText("Say in plain words").waitFor();
    const late = page.waitForResponse((response) => response.url().endsWith(`/api/conversations/${id}`));
    answer.open();
    await (await late).finished();
    await say("what is overdue?"); // by its answer, what came before it has been drawn
    await panel.getByText("There are no overdue tasks").waitFor();
    await becomes(() => panel.getByRole("log").getByText("feed the cactus").count(), 0);
    await context.unroute(`**/api/conversations/${id}`);
  });

  await step("a deletion whose answer was lost is known to be done by the next click, and can be undone", async () => {
    await say("delete water the cactus");
    const question = panel.getByRole("group", { name: "Delete “Water the cactus”?" });
    await page.evaluate(() => {
      const real = window.fetch;
      window.fetch = async (request, options) => {
        const response = await real(request, options);
        if (!request.url?.endsWith("/api/assistant/confirm")) {
          return response;
        }
        window.fetch = real;
        throw new TypeError("The answer is lost.");
      };
    });
    await question.getByRole("button", { name: "Delete it" }).click();
    await page.getByRole("alert").filter({ hasText: "The server cannot be reached at the moment." }).waitFor();
    await question.getByRole("button", { name: "Delete it" }).click();
    await question.getByText("Deleted", { exact: true }).waitFor();
    await row(page, "Water the cactus").waitFor({ state: "detached" });
    await question.getByRole("button", { name: "Undo" }).click();
    await row(page, "Water the cactus").waitFor();
    await settled(page);
    expected(troubles, "404");
  });

  await step("a conversation that was forgotten on another device says so, and what was typed begins a new one", async () => {
    const choice = panel.getByRole("combobox", { name: "Conversation" });
    const message = panel.getByRole("textbox", { name: "Message" });
    const forgetElsewhere = async (id) => askApi(page, await tokenOf(page), "DELETE", `/api/conversations/${id}`);
    await forgetElsewhere(await choice.inputValue());
    await message.fill("what is overdue?");
    await message.press("Enter");
    await panel.getByText("This conversation is no longer there").waitFor();
    await becomes(() => message.inputValue(), "what is overdue?");
    await becomes(() => choice.inputValue(), "");
    await message.press("Enter");
    await panel.getByText("There are no overdue tasks").waitFor();
    await becomes(() => panel.getByText("This conversation is no longer there").count(), 0);
    await becomes(() => choice.locator("option:checked").textContent(), "what is overdue?");
    const second = await choice.inputValue();
    await choice.selectOption({ label: "New conversation" });
    await forgetElsewhere(second);
    await message.fill("not sent yet");
    await choice.selectOption(second);
    await page.getByRole("alert").filter({ hasText: "This conversation is no longer there" }).waitFor();
    await becomes(() => choice.locator(`option[value="${second}"]`).count(), 0);
    await becomes(() => message.inputValue(), "not sent yet");
    await message.fill("");
    expected(troubles, "404");
  });

  await step("on a narrow window its panel, which covers the page, says what the page would, and gives words back", async () => {
    const message = panel.getByRole("textbox", { name: "Message" });
    await page.setViewportSize({ width: 320, height: 640 });
    await context.route("**/api/**", (route) => route.fulfill({ status: 503, contentType: "application/problem+json", body: "{}" }));
    await message.fill("add pot the cactus");
    await message.press("Enter");
    await panel.getByText("The server is not available at the moment.").first().waitFor();
    await panel.getByText("The server is away. This page tries again by itself").waitFor();
    await becomes(() => message.inputValue(), "add pot the cactus");
    await assertFits(page);
    await assertAccessible(page, "the assistant in an outage");
    await picture(page, "assistant-away");
    await context.unroute("**/api/**");
    await panel.getByText("The server is away").waitFor({ state: "detached" });
    await message.press("Enter");
    await panel.getByText(/^Added “pot the cactus”$/i).waitFor();
    await panel.getByRole("log").getByText("The server is not available").waitFor({ state: "detached" });
    await settled(page);
    await say("delete pot the cactus");
    await context.route("**/api/assistant/confirm", (route) => route.abort());
    await panel.getByRole("button", { name: "Delete it" }).click();
    await panel.getByRole("alert").filter({ hasText: "The server cannot be reached at the moment." }).waitFor();
    await context.unroute("**/api/assistant/confirm");
    await panel.getByRole("button", { name: "Delete it" }).click();
    await panel.getByText("Deleted", { exact: true }).waitFor();
    await panel.getByRole("status").getByRole("button", { name: "Undo" }).focus();
    await page.keyboard.press("Enter");
    await panel.getByRole("status").getByText("Brought back “pot the cactus”").waitFor();
    await becomesFocused(message, "the focus after Undo");
    await panel.getByRole("button", { name: "Close the notice" }).focus();
    await page.keyboard.press("Enter");
    await panel.getByRole("button", { name: "Close the notice" }).waitFor({ state: "detached" });
    await becomesFocused(message, "the focus after the notice");
    await page.setViewportSize({ width: 1200, height: 800 });
    expected(troubles, "503", "ERR_FAILED");
  });

  await step("an answer that has not begun can be stopped", async () => {
    await context.route("**/api/assistant/messages", () => undefined); // never answered
    await panel.getByRole("textbox", { name: "Message" }).fill("think for ever");
    await panel.getByRole("button", { name: "Send" }).click();
    await panel.getByRole("button", { name: "Stop" }).click();
    await panel.getByText("Stopped. What was done until then stays.").waitFor();
    await context.unroute("**/api/assistant/messages");
    await page.keyboard.press("Escape");
    await panel.waitFor({ state: "detached" });
    expected(troubles, "ERR_ABORTED");
  });
}

export async function cluster({ page, troubles }) {
  await step("the footer names the pods that served", async () => {
    const footer = page.getByRole("contentinfo");
    await footer.getByText(/Served by frontend pod \S+, backend pod \S+/).waitFor();
    await becomes(() => footer.locator("code").count(), 2);
  });

  if (process.env.TODO_CLUSTER !== "1") {
    return; // no Kubernetes behind this one
  }
  await step("the Cluster page shows pods, rollouts, the autoscaler and who answered; load is made and ended", async () => {
    await page.getByRole("link", { name: "Cluster" }).click();
    await page.getByRole("heading", { name: "Who answered" }).waitFor();
    await page.getByRole("rowheader", { name: /^todo-backend-/ }).first().waitFor();
    await page.getByRole("rowheader", { name: /^todo-frontend-/ }).first().waitFor();
    await page.getByText(/^Autoscaler of todo-backend/).waitFor();
    await assertAccessible(page, "the Cluster page");
    await page.getByRole("button", { name: "Make load for a minute" }).click();
    await page.getByText("Load is being made").waitFor();
    await page.getByRole("list", { name: "Requests that were answered, by pod" }).getByRole("listitem").first().waitFor();
    await picture(page, "cluster");
    await page.getByRole("button", { name: "End the load" }).click();
    await page.getByRole("button", { name: "Make load for a minute" }).waitFor();
  });

  await step("a load that cannot be begun says why, and one that someone else begins leaves the focus", async () => {
    const make = page.getByRole("button", { name: "Make load for a minute" });
    const answer = (status) => (route) => route.fulfill({ status, contentType: "application/problem+json", body: "{}" });
    await page.route("**/api/cluster/load", answer(409));
    await make.click();
    await page.getByText("The load before this one has not ended yet.").waitFor();
    await page.unroute("**/api/cluster/load");
    const cluster = await (await page.waitForResponse("**/api/cluster")).json();
    const load = { running: true, mine: false, started_at: "2026-01-01T00:00:00Z", ends_at: "2126-01-01T00:00:00Z", answered: {} };
    await page.route("**/api/cluster", (route) => route.fulfill({ json: { ...cluster, load } }));
    await page.getByText("Someone else makes load at the moment").waitFor();
    await becomes(() => page.evaluate(() => document.activeElement?.textContent), "End the load");
    await page.unroute("**/api/cluster");
    await make.waitFor();
    expected(troubles, "409");
  });
}
