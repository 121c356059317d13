import { expect, test, vi } from "vitest";
import type { NewTask } from "@/browser/api";
import { UnsavedWritings } from "@/browser/unsaved";

const draft = (title: string): NewTask => ({ title, description: "", priority: "none", tags: [], due: null });

function storage() {
  const items = new Map<string, string>();
  return { getItem: (name: string) => items.get(name) ?? null, setItem: (name: string, text: string) => void items.set(name, text) };
}

const titles = (unsaved: UnsavedWritings) => unsaved.state().map((one) => ("draft" in one ? one.draft.title : one.opened.title));

test("all that could not be saved is kept, in its order, with its reason, until it is dropped", () => {
  const unsaved = new UnsavedWritings(storage(), "ada");
  const listener = vi.fn();
  unsaved.subscribe(listener);
  unsaved.keep({ draft: draft("B") }, "Your session has ended.");
  unsaved.keep({ draft: draft("C") }, "The server did not accept this.");
  expect(unsaved.state().map(({ reason }) => reason)).toEqual(["Your session has ended.", "The server did not accept this."]);
  unsaved.drop(unsaved.state()[0]?.id ?? 0);
  unsaved.keep({ draft: draft("D") }, "Your session has ended.");
  expect(titles(unsaved)).toEqual(["C", "D"]);
  expect(new Set(unsaved.state().map(({ id }) => id)).size).toBe(2);
  expect(listener).toHaveBeenCalledTimes(4);
});

test("it is there after the page was left, for the same user alone", () => {
  const tab = storage();
  new UnsavedWritings(tab, "ada").keep({ draft: draft("B") }, "Your session has ended.");
  expect(titles(new UnsavedWritings(tab, "ada"))).toEqual(["B"]);
  expect(titles(new UnsavedWritings(tab, "grace"))).toEqual([]);
});
