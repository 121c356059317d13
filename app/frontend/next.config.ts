import type { NextConfig } from "next";

// The image pipeline needs sharp, 19 MB that this app never calls.
const unusedByTheServer = ["node_modules/sharp/**", "node_modules/@img/**"];

const config: NextConfig = {
  output: "standalone",
  // Otherwise Next looks for a lock file in the folders above and traces from there.
  outputFileTracingRoot: import.meta.dirname,
  outputFileTracingExcludes: { "next-server": unusedByTheServer, "*": unusedByTheServer },
  images: { unoptimized: true },
  poweredByHeader: false,
  // /api is the backend's: it is asked for what the browser asked for.
  skipTrailingSlashRedirect: true,
  // Without a network the way to another page waits for it, instead of leading to the browser's own error page.
  experimental: { useOffline: true },
  // `next dev` would write instruction files into the checkout.
  agentRules: false,
  headers: () =>
    Promise.resolve([
      {
        source: "/:path*",
        headers: [
          { key: "X-Content-Type-Options", value: "nosniff" },
          { key: "Referrer-Policy", value: "same-origin" },
          { key: "X-Frame-Options", value: "DENY" },
          { key: "Cross-Origin-Resource-Policy", value: "same-origin" },
          { key: "Permissions-Policy", value: "camera=(), geolocation=(), microphone=()" },
        ],
      },
    ]),
};

export default config;
