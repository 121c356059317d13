import type { components } from "./api-types";

/** A part of the assistant's answer; docs/contract.md has the table. */
export type AssistantEvent = components["schemas"]["AssistantEvent"];

/** Reads a stream of server-sent events, each with JSON as its data; comments only keep the connection alive. */
export async function* readEvents(stream: ReadableStream<Uint8Array>): AsyncGenerator<AssistantEvent> {
  const reader = stream.pipeThrough(new TextDecoderStream() as ReadableWritablePair<string, Uint8Array>).getReader();
  let text = "";
  try {
    for (;;) {
      const { done, value } = await reader.read();
      if (done) {
        return;
      }
      const blocks = (text + value).split(/\r?\n\r?\n/);
      text = blocks.pop() ?? "";
      for (const block of blocks) {
        const data = block.split(/\r?\n/).flatMap((line) => /^data: ?(.*)$/.exec(line)?.[1] ?? []);
        if (data.length > 0) {
          yield JSON.parse(data.join("\n")) as AssistantEvent;
        }
      }
    }
  } finally {
    await reader.cancel().catch(() => undefined);
  }
}
