import type { IncomingMessage } from "node:http";

/**
 * The backend's answer as a web stream: unbuffered, with back-pressure, and given up when the browser goes away.
 * SIGTERM ends none: the longest, an assistant's, is over within 60 s, and the pod's grace period is longer.
 */
export function responseBody(answer: IncomingMessage): ReadableStream<Uint8Array> {
  let closed = false;
  let controller: ReadableStreamDefaultController<Uint8Array>;

  const finish = (last: () => void) => {
    if (!closed) {
      closed = true;
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

  return new ReadableStream<Uint8Array>(
    {
      start(started) {
        controller = started;
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
