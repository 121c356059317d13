import { execFileSync } from "node:child_process";
import { mkdtempSync, readFileSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import path from "node:path";
import { expect, onTestFinished, test } from "vitest";

const FRONTEND = path.join(import.meta.dirname, "..");

test("the API's types are what the contract says (after a change of it: npm run api)", () => {
  const folder = mkdtempSync(path.join(tmpdir(), "todo-api-types-"));
  onTestFinished(() => {
    rmSync(folder, { recursive: true });
  });
  const made = path.join(folder, "api-types.ts");
  const generator = path.join(FRONTEND, "node_modules/openapi-typescript/bin/cli.js");
  execFileSync(process.execPath, [generator, path.join(FRONTEND, "../contract/openapi.json"), "--output", made]);
  expect(readFileSync(path.join(FRONTEND, "browser/api-types.ts"), "utf8")).toBe(readFileSync(made, "utf8"));
});
