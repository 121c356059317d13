// What pages may load and do: the headers that keep anything but the app's own files out.

import assert from "node:assert/strict";
import { expected, step } from "./browser.mjs";

export async function headers({ page, troubles }) {
  /** A page as the server sends it, with its policy. */
  const get = async (address) => {
    const { text, all } = await page.evaluate(async (address) => {
      const response = await fetch(address);
      return { text: await response.text(), all: [...response.headers] };
    }, address);
    const headers = new Map(all);
    const policy = new Map(
      (headers.get("content-security-policy") ?? "").split("; ").map((one) => {
        const [name, ...sources] = one.split(" ");
        return [name, sources];
      }),
    );
    return { text, headers, policy };
  };

  await step("a page runs the scripts alone that carry its own nonce, which is another each time", async () => {
    await page.goto("/tasks");
    const nonces = new Set();
    for (const address of ["/tasks", "/tasks", "/settings", "/sign-in", "/nowhere"]) {
      const { text, policy } = await get(address);
      const [nonce] = policy.get("script-src").flatMap((source) => /^'nonce-(.+)'$/.exec(source)?.[1] ?? []);
      assert.deepEqual(policy.get("script-src"), ["'self'", `'nonce-${nonce}'`, "'strict-dynamic'"], address);
      assert.deepEqual(policy.get("style-src"), ["'self'", `'nonce-${nonce}'`], address);
      const scripts = text.match(/<script\b[^>]*>/g);
      assert.deepEqual(scripts.filter((script) => !script.includes(`nonce="${nonce}"`)), [], address);
      nonces.add(nonce);
    }
    assert.equal(nonces.size, 5);

    await page.evaluate(() => {
      const injected = document.createElement("button");
      injected.setAttribute("onclick", "window.isForeign = true");
      document.body.append(injected);
      injected.click();
      injected.remove();
    });
    assert.equal(await page.evaluate(() => window.isForeign), undefined);
    expected(troubles, "Content Security Policy", "404"); // the address that is not there
  });

  await step("pages, their parts and the API cannot be framed, sniffed or sent elsewhere", async () => {
    const { policy, headers } = await get("/tasks");
    for (const name of ["default-src", "base-uri", "frame-ancestors"]) {
      assert.deepEqual(policy.get(name), ["'none'"], name);
    }
    for (const name of ["connect-src", "form-action", "font-src"]) {
      assert.deepEqual(policy.get(name), ["'self'"], name);
    }
    assert.deepEqual(policy.get("img-src"), ["'self'", "data:"]);
    for (const [name, value] of [
      ["x-frame-options", "DENY"],
      ["x-content-type-options", "nosniff"],
      ["referrer-policy", "same-origin"],
      ["cross-origin-resource-policy", "same-origin"],
      ["permissions-policy", "camera=(), geolocation=(), microphone=()"],
      ["x-powered-by", undefined],
    ]) {
      assert.equal(headers.get(name), value, name);
    }
    for (const address of ["/api/openapi.json", "/auth/ok", "/icon.svg"]) {
      assert.equal((await get(address)).headers.get("x-content-type-options"), "nosniff", address);
    }
  });
}
