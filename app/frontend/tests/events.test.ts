import { afterEach, expect, test, vi } from "vitest";
import { type AssistantEvent, readEvents, SILENCE_MS } from "@/browser/events";

afterEach(() => {
  vi.useRealTimers();
});

const ANSWER = [
  'event: message\ndata: {"type":"started","conversation_id":"c1","by":"rules"}\n\n',
  ": still there\n\n",
  'data: {"type":"text","text":"Grüße 🌱\\n\\nund"}\r\n\r\n',
  'data: {"type":\ndata: "done"}\n\n',
].join("");

test.each([1, 2, 3, 7, 1000])("events are read whole, however they are cut: %i bytes at a time", async (size) => {
  const bytes = new TextEncoder().encode(ANSWER);
  const stream = new ReadableStream<Uint8Array>({
    start(controller) {
      for (let at = 0; at < bytes.length; at += size) {
        controller.enqueue(bytes.slice(at, at + size));
      }
      controller.close();
    },
  });
  const events: AssistantEvent[] = [];
  for await (const event of readEvents(stream)) {
    events.push(event);
  }
  expect(events).toEqual([
    { type: "started", conversation_id: "c1", by: "rules" },
    { type: "text", text: "Grüße 🌱\n\nund" },
    { type: "done" },
  ]);
});

test("what is read no longer is let go", async () => {
  let isCancelled = false;
  const stream = new ReadableStream<Uint8Array>({
    pull(controller) {
      controller.enqueue(new TextEncoder().encode('data: {"type":"text","text":"and on"}\n\n'));
    },
    cancel() {
      isCancelled = true;
    },
  });
  for await (const event of readEvents(stream)) {
    expect(event.type).toBe("text");
    break;
  }
  expect(isCancelled).toBe(true);
});

test("a connection that died without a word breaks off, and is let go; one that is only slow does not", async () => {
  vi.useFakeTimers();
  let say: (text: string) => void = () => undefined;
  let isCancelled = false;
  const stream = new ReadableStream<Uint8Array>({
    start(controller) {
      say = (text) => {
        controller.enqueue(new TextEncoder().encode(text));
      };
    },
    cancel() {
      isCancelled = true;
      return new Promise(() => undefined); // nobody is there to hear it
    },
  });
  const events = readEvents(stream);
  const first = events.next();
  await vi.advanceTimersByTimeAsync(SILENCE_MS - 1);
  say(": still there\n\n");
  await vi.advanceTimersByTimeAsync(SILENCE_MS - 1);
  say('data: {"type":"text","text":"at last"}\n\n');
  expect(await first).toEqual({ done: false, value: { type: "text", text: "at last" } });
  await vi.advanceTimersByTimeAsync(2 * SILENCE_MS); // who listens may take long, too
  const second = expect(events.next()).rejects.toMatchObject({ name: "Failure", kind: "away" });
  await vi.advanceTimersByTimeAsync(SILENCE_MS);
  await second;
  expect(isCancelled).toBe(true);
  expect(vi.getTimerCount()).toBe(0);
});
