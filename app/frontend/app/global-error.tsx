"use client";

import ErrorPage from "./error";
import "./globals.css";

/** In the place of the whole document, where even what all pages share could not be rendered. */
export default function GlobalError() {
  return (
    <html lang="en">
      <head>
        <title>One moment · Todo</title>
      </head>
      <body>
        <ErrorPage />
      </body>
    </html>
  );
}
