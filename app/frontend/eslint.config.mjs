import next from "eslint-config-next/core-web-vitals";
import tseslint from "typescript-eslint";

const config = [
  { ignores: [".next/", "next-env.d.ts", "browser/api-types.ts"] },
  ...next,
  ...tseslint.configs.strictTypeChecked.map((config) => ({ ...config, files: ["**/*.ts", "**/*.tsx"] })),
  {
    files: ["**/*.ts", "**/*.tsx"],
    languageOptions: { parserOptions: { projectService: true } },
    rules: {
      // A number in a message is what it is for.
      "@typescript-eslint/restrict-template-expressions": ["error", { allowNumber: true }],
      // React's event handlers may be asynchronous.
      "@typescript-eslint/no-misused-promises": ["error", { checksVoidReturn: { attributes: false } }],
    },
  },
];

export default config;
