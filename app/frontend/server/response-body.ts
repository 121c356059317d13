import type { IncomingMessage } from "node:http";

/** Ends the event streams that are open; one listener on the process serves them all. */
const openEventStreams = new Set<() => void>();

process.once("SIGTERM", () => {
  for (const end of openEventStreams) {
    end();
  }
});

/**
 * The backend's answer as a web stream: unbuffered, with back-pressure, and given up when the browser goes away.
 * Event streams have no end of their own, so SIGTERM ends them, and the browser connects again, elsewhere.
 */
export function responseBody(answer: IncomingMessage): ReadableStream<Uint8Array> {
  let closed = false;
  let controller: ReadableStreamDefaultController<Uint8Array>;

  const finish = (last: () => void) => {
    if (!closed) {
      closed = true;
      openEventStreams.delete(end);
      last();
    }
  };
  const close = () => {
    finish(() => {
      controller.close();
    });
  };
  const fail = (error: Error) => {
    finish(() => {
      controller.error(error);
    });
  };
  const end = () => {
    close();
    answer.destroy();
  };

  return new ReadableStream<Uint8Array>(
    {
      start(started) {
        controller = started;
        if (answer.headers["content-type"]?.startsWith("text/event-stream")) {
          openEventStreams.add(end);
        }
        answer.on("data", (chunk: Buffer) => {
          if (closed) {
            return;
          }
          controller.enqueue(chunk);
          if ((controller.desiredSize ?? 0) <= 0) {
            answer.pause();
          }
        });
        answer.on("end", close);
        answer.on("error", fail);
        answer.on("close", () => {
          fail(new Error("the backend broke off its response"));
        });
      },
      pull() {
        answer.resume();
      },
      cancel() {
        finish(() => answer.destroy());
      },
    },
    new ByteLengthQueuingStrategy({ highWaterMark: 64 * 1024 }),
  );
}
