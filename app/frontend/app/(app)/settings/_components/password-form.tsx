"use client";

import { useState } from "react";
import { changePassword, PASSWORD_MIN_LENGTH } from "@/browser/account";
import { useForm } from "@/browser/use-form";
import controls from "@/components/controls.module.css";
import { Problem } from "@/components/problem";
import { TextField } from "@/components/text-field";
import styles from "../settings.module.css";

export function PasswordForm({ email }: { email: string }) {
  const [isChanged, setIsChanged] = useState(false);
  const { attributes, isBusy, problem, errorOf } = useForm(
    async (read) => {
      setIsChanged(false);
      if (read("currentPassword") === "") {
        return { field: "currentPassword", message: "Enter the password that you have now." };
      }
      if (read("newPassword").length < PASSWORD_MIN_LENGTH) {
        return { field: "newPassword", message: `Use at least ${PASSWORD_MIN_LENGTH} characters.` };
      }
      return changePassword(read("currentPassword"), read("newPassword"));
    },
    () => {
      setIsChanged(true);
    },
  );

  return (
    <form className={styles.form} {...attributes}>
      <Problem words={problem} />
      {/* For password managers: whose password it is. */}
      <input type="email" name="email" autoComplete="username" defaultValue={email} hidden readOnly />
      <TextField
        id="current-password"
        name="currentPassword"
        type="password"
        label="Current password"
        autoComplete="current-password"
        required
        error={errorOf("currentPassword")}
      />
      <TextField
        id="new-password"
        name="newPassword"
        type="password"
        label="New password"
        autoComplete="new-password"
        required
        hint={`At least ${PASSWORD_MIN_LENGTH} characters`}
        error={errorOf("newPassword")}
      />
      <div className={controls.actions}>
        <button className={`${controls.button} ${controls.primary}`} type="submit" aria-busy={isBusy}>
          Change password
        </button>
        <span role="status">{isChanged && "Password changed; other browsers are signed out."}</span>
      </div>
    </form>
  );
}
