import { expect, test } from "vitest";
import { failureOf } from "@/browser/api";

test.each([
  [401, "signed-out"],
  [404, "gone"],
  [409, "taken"],
  [412, "changed"],
  [422, "refused"],
  [500, "refused"],
])("the status %s is a failure of the kind %s", (status, kind) => {
  expect(failureOf(new Response(null, { status })).kind).toBe(kind);
});
