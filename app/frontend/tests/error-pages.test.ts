import { createElement } from "react";
import { renderToStaticMarkup } from "react-dom/server";
import { expect, test } from "vitest";
import GlobalError from "@/app/global-error";

test("the page in the place of the whole document is a whole document", () => {
  const html = renderToStaticMarkup(createElement(GlobalError));
  for (const part of ['<html lang="en">', "<title>One moment · Todo</title>", "<main", "<h1>One moment</h1>", 'role="status"', "<button"]) {
    expect(html.split(part)).toHaveLength(2);
  }
});
