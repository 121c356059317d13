import { afterEach, expect, test, vi } from "vitest";
import { apiToken, discardToken, tokensFor } from "@/browser/token";
import { mintToken } from "@/server/token";

afterEach(() => {
  vi.unstubAllGlobals();
});

const mintFor = (userId: string) => {
  const minted = mintToken(userId, "a secret of at least thirty-two characters", Math.floor(Date.now() / 1000));
  vi.stubGlobal("fetch", () => Promise.resolve(Response.json(minted)));
  return minted.token;
};

test("a page goes on with its own user's tokens alone", async () => {
  tokensFor("user-1");
  const token = mintFor("user-1");
  expect(await apiToken()).toBe(token);
  discardToken(token);
  mintFor("user-2");
  await expect(apiToken()).rejects.toMatchObject({ kind: "signed-out" });
  await expect(apiToken()).rejects.toMatchObject({ kind: "signed-out" });
  const again = mintFor("user-1");
  expect(await apiToken()).toBe(again);
});
