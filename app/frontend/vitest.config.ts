import { defineConfig } from "vitest/config";

export default defineConfig({
  resolve: { alias: { "@": import.meta.dirname } },
  test: {
    include: ["tests/**/*.test.ts"],
    globalSetup: ["tests/postgres.ts"],
    testTimeout: 60_000,
    hookTimeout: 90_000,
  },
});
