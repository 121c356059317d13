/** The pods that answered last, one of each half of the app; null as long as none said so. */
export interface ServedBy {
  frontend: string | null;
  backend: string | null;
}

const HEADER = "X-Served-By";

let pods: ServedBy = { frontend: null, backend: null };
const listeners = new Set<() => void>();

/** Notes which pod gave an answer. */
export function noteServedBy(half: keyof ServedBy, response: Response): void {
  const pod = response.headers.get(HEADER);
  if (pod !== null && pod !== pods[half]) {
    pods = { ...pods, [half]: pod };
    for (const listener of listeners) {
      listener();
    }
  }
}

export const servedBy = (): ServedBy => pods;

export function subscribeServedBy(listener: () => void): () => void {
  listeners.add(listener);
  return () => listeners.delete(listener);
}
