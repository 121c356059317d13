"use client";

import { useRef } from "react";
import { deleteAccount } from "@/browser/account";
import { useForm } from "@/browser/use-form";
import controls from "@/components/controls.module.css";
import { Problem } from "@/components/problem";
import { TextField } from "@/components/text-field";
import styles from "../settings.module.css";

/** Asks for the password before anything is deleted. */
export function DeleteAccount() {
  const dialog = useRef<HTMLDialogElement>(null);
  const { attributes, isBusy, problem, errorOf } = useForm(
    async (read) =>
      read("password") === ""
        ? { field: "password", message: "Enter your password." }
        : deleteAccount(read("password")),
    () => {
      // eslint-disable-next-line @next/next/no-location-assign-relative-destination
      window.location.assign("/sign-up");
    },
  );

  return (
    <>
      <div className={controls.actions}>
        <button
          className={`${controls.button} ${controls.danger}`}
          type="button"
          aria-haspopup="dialog"
          onClick={() => dialog.current?.showModal()}
        >
          Delete account…
        </button>
      </div>
      <dialog className={controls.dialog} ref={dialog} aria-labelledby="delete-title">
        <form className={styles.form} {...attributes}>
          <h2 id="delete-title">Delete your account and all your tasks?</h2>
          <p>There is no way back. To keep a copy of your tasks, export them first.</p>
          <Problem words={problem} />
          <TextField
            id="delete-password"
            name="password"
            type="password"
            label="Password"
            autoComplete="current-password"
            required
            error={errorOf("password")}
          />
          <div className={controls.actions}>
            <button className={`${controls.button} ${controls.danger}`} type="submit" aria-busy={isBusy}>
              Delete forever
            </button>
            <button className={`${controls.button} ${controls.quiet}`} type="button" onClick={() => dialog.current?.close()}>
              Keep the account
            </button>
          </div>
        </form>
      </dialog>
    </>
  );
}
