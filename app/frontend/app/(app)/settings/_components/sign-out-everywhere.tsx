"use client";

import { signOutEverywhere } from "@/browser/account";
import { useForm } from "@/browser/use-form";
import controls from "@/components/controls.module.css";
import { Problem } from "@/components/problem";
import styles from "../settings.module.css";

export function SignOutEverywhere() {
  const { attributes, isBusy, problem } = useForm(signOutEverywhere, () => {
    // eslint-disable-next-line @next/next/no-location-assign-relative-destination
    window.location.assign("/sign-in");
  });

  return (
    <form className={styles.form} {...attributes}>
      <Problem words={problem} />
      <div className={controls.actions}>
        <button className={`${controls.button} ${controls.quiet}`} type="submit" aria-busy={isBusy}>
          Sign out everywhere
        </button>
      </div>
    </form>
  );
}
