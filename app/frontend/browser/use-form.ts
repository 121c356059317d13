import { type SubmitEvent, useRef, useState } from "react";
import type { AccountField, Refusal } from "./account";
import { Failure } from "./failure";

/**
 * A form that is sent by script: what is wrong goes to its field, which then has the focus.
 * @param send gets what was filled in; returns what was refused, or null
 * @param onDone runs once the server has accepted
 */
export function useForm(send: (read: (name: AccountField) => string) => Promise<Refusal | null>, onDone: () => void) {
  const form = useRef<HTMLFormElement>(null);
  const [refusal, setRefusal] = useState<Refusal | null>(null);
  const [isBusy, setIsBusy] = useState(false);

  async function onSubmit(event: SubmitEvent<HTMLFormElement>) {
    event.preventDefault();
    if (isBusy) {
      return;
    }
    const data = new FormData(event.currentTarget);
    setIsBusy(true);
    setRefusal(null);
    let refused: Refusal | null;
    try {
      refused = await send((name) => (data.get(name) as string | null) ?? "");
    } catch (error) {
      refused = { message: error instanceof Failure ? `${error.message} Try again in a moment.` : "Something went wrong." };
    }
    if (refused === null) {
      form.current?.reset();
      setIsBusy(false);
      onDone();
      return;
    }
    setRefusal(refused);
    setIsBusy(false);
    if (refused.field !== undefined) {
      form.current?.querySelector<HTMLInputElement>(`[name=${refused.field}]`)?.focus();
    }
  }

  return {
    /** For the form element. */
    attributes: { ref: form, onSubmit, noValidate: true, method: "post" as const },
    isBusy,
    /** What is wrong with the form as a whole. */
    problem: refusal !== null && refusal.field === undefined ? refusal.message : null,
    errorOf: (field: AccountField) => (refusal?.field === field ? refusal.message : undefined),
  };
}
