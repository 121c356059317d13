const TAGS_MAX = 10;
const TAG_MAX_LENGTH = 30;

/** Reads a field of tags, such as `#home, Garden`: each once, in lower case, or what is wrong with them. */
export function readTags(text: string): { tags: string[]; problem: string | null } {
  const words = text.split(/[\s,#]+/).filter((word) => word !== "");
  const tags = [...new Set(words.map((word) => word.toLowerCase()))];
  const long = tags.find((tag) => tag.length > TAG_MAX_LENGTH);
  if (long !== undefined) {
    return { tags, problem: `A tag has ${TAG_MAX_LENGTH} characters at most: “${long}”.` };
  }
  return { tags, problem: tags.length > TAGS_MAX ? `A task has ${TAGS_MAX} tags at most.` : null };
}
