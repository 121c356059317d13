import type { Priority } from "./quick-add";

export const PRIORITY_WORDS: Record<Priority, string> = {
  high: "High priority",
  medium: "Medium priority",
  low: "Low priority",
  none: "No priority",
};
