import type { components } from "./api-types";
import { Failure } from "./failure";

/** A part of the assistant's answer; docs/contract.md has the table. */
export type AssistantEvent = components["schemas"]["AssistantEvent"];

/** The server says something every 15 s, if only a comment. One that is silent for longer is not heard any more. */
export const SILENCE_MS = 40_000;

/**
 * Reads a stream of server-sent events, each with JSON as its data; comments only tell that the connection is alive.
 * @throws Failure of kind `away` where it is not: a connection may die without a word
 */
export async function* readEvents(stream: ReadableStream<Uint8Array>): AsyncGenerator<AssistantEvent> {
  const reader = stream.pipeThrough(new TextDecoderStream() as ReadableWritablePair<string, Uint8Array>).getReader();
  let text = "";
  try {
    for (;;) {
      const { done, value } = await soon(reader.read());
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

async function soon<Part>(part: Promise<Part>): Promise<Part> {
  let timer: ReturnType<typeof setTimeout> | undefined;
  const silence = new Promise<never>((_, reject) => {
    timer = setTimeout(() => {
      reject(new Failure("away", "The server's answer broke off."));
    }, SILENCE_MS);
  });
  return Promise.race([part, silence]).finally(() => {
    clearTimeout(timer);
  });
}
