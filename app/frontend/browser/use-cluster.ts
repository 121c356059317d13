import { useCallback, useEffect, useState } from "react";
import { client, dataOf } from "./api";
import type { components } from "./api-types";
import { asFailure, type Failure } from "./failure";

export type Cluster = components["schemas"]["Cluster"];
export type Pod = components["schemas"]["Pod"];

const EVERY_MS = 1_000;
const ANSWERS_KEPT = 40;

/** The app's namespace, asked for every second while the page is visible, and which pods gave the last answers. */
export function useCluster() {
  const [cluster, setCluster] = useState<Cluster | null>(null);
  /** The latest last. */
  const [answers, setAnswers] = useState<{ number: number; pod: string }[]>([]);
  const [failure, setFailure] = useState<Failure | null>(null);
  /** Why load was not begun or ended; what also keeps the page from its answers is said as such. */
  const [refusal, setRefusal] = useState<string | null>(null);

  /** Asks now. @returns whether to ask again */
  const ask = useCallback(async (): Promise<boolean> => {
    try {
      const now = await dataOf(client.GET("/api/cluster"));
      setCluster(now);
      setAnswers((before) => [...before, { number: (before.at(-1)?.number ?? 0) + 1, pod: now.served_by }].slice(-ANSWERS_KEPT));
      setFailure(null);
      return true;
    } catch (error) {
      const failure = asFailure(error);
      setFailure(failure);
      return failure.kind !== "signed-out";
    }
  }, []);

  useEffect(() => {
    let timer: ReturnType<typeof setTimeout>;
    let isOver = false;
    const tick = async () => {
      const goesOn = document.visibilityState !== "visible" || (await ask());
      if (goesOn && !isOver) {
        timer = setTimeout(() => void tick(), EVERY_MS);
      }
    };
    void tick();
    return () => {
      isOver = true;
      clearTimeout(timer);
    };
  }, [ask]);

  const attempt = async (work: () => Promise<unknown>) => {
    setRefusal(null);
    try {
      await work();
    } catch (error) {
      const { kind, message } = asFailure(error);
      if (kind === "taken" || kind === "refused") {
        setRefusal(kind === "taken" ? "The load before this one has not ended yet. Try again in a moment." : message);
      }
    }
    await ask(); // a load that has ended by itself meanwhile needs no words
  };
  return {
    ...{ cluster, answers, failure, refusal },
    beginLoad: () => attempt(() => dataOf(client.POST("/api/cluster/load", { body: { seconds: 60 } }))),
    endLoad: () => attempt(() => dataOf(client.DELETE("/api/cluster/load"))),
  };
}
