import type { InputHTMLAttributes, Ref } from "react";
import controls from "./controls.module.css";

interface TextFieldProps extends InputHTMLAttributes<HTMLInputElement> {
  id: string;
  label: string;
  hint?: string;
  error?: string | undefined;
  ref?: Ref<HTMLInputElement>;
}

/** A labelled input; hint and error are tied to it, so that screen readers say them with it. */
export function TextField({ id, label, hint, error, ref, ...input }: TextFieldProps) {
  const hintId = hint === undefined ? "" : `${id}-hint`;
  const errorId = error === undefined ? "" : `${id}-error`;
  return (
    <div className={controls.field}>
      <label className={controls.label} htmlFor={id}>
        {label}
      </label>
      <input
        {...input}
        ref={ref}
        id={id}
        className={controls.input}
        aria-invalid={error !== undefined}
        aria-describedby={`${hintId} ${errorId}`.trim() || undefined}
      />
      {hint !== undefined && (
        <p className={controls.hint} id={hintId}>
          {hint}
        </p>
      )}
      {error !== undefined && (
        <p className={controls.error} id={errorId}>
          {error}
        </p>
      )}
    </div>
  );
}
