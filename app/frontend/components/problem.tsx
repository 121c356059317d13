import controls from "./controls.module.css";

/** What went wrong with a form, said as soon as it is known; nothing where nothing did. */
export function Problem({ words }: { words: string | null }) {
  return (
    words !== null && (
      <p className={controls.alert} role="alert">
        {words}
      </p>
    )
  );
}
