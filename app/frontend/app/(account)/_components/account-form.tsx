"use client";

import Link from "next/link";
import { authenticate, PASSWORD_MIN_LENGTH, type Refusal } from "@/browser/account";
import { useForm } from "@/browser/use-form";
import controls from "@/components/controls.module.css";
import { Problem } from "@/components/problem";
import { TextField } from "@/components/text-field";
import styles from "../account.module.css";

type AccountField = "name" | "email" | "password";

const WORDS = {
  "sign-up": {
    title: "Create your account",
    submit: "Sign up",
    other: { question: "Have an account already?", link: "Sign in", href: "/sign-in" },
  },
  "sign-in": {
    title: "Welcome back",
    submit: "Sign in",
    other: { question: "New here?", link: "Create an account", href: "/sign-up" },
  },
} as const;

/** What can be told without asking the server, field by field, in the order of the form. */
function check(action: keyof typeof WORDS, account: Record<AccountField, string>): Refusal | null {
  if (action === "sign-up" && account.name === "") {
    return { field: "name", message: "Enter a name; it is only shown to you." };
  }
  if (!/^\S+@\S+$/.test(account.email)) {
    return { field: "email", message: "Enter an e-mail address, such as ada@example.com." };
  }
  if (account.password === "") {
    return { field: "password", message: "Enter your password." };
  }
  if (action === "sign-up" && account.password.length < PASSWORD_MIN_LENGTH) {
    return { field: "password", message: `Use at least ${PASSWORD_MIN_LENGTH} characters.` };
  }
  return null;
}

export function AccountForm({ action }: { action: keyof typeof WORDS }) {
  const words = WORDS[action];
  const { attributes, isBusy, problem, errorOf } = useForm(
    async (read) => {
      const account = { name: read("name").trim(), email: read("email").trim(), password: read("password") };
      return check(action, account) ?? authenticate(action, account);
    },
    () => {
      // A full load, so that nothing of a page for nobody is kept.
      // eslint-disable-next-line @next/next/no-location-assign-relative-destination
      window.location.assign("/tasks");
    },
  );

  return (
    <div className={styles.panel}>
      <h1>{words.title}</h1>
      {/* POST, so that a submit before the script is there puts no password into the address. */}
      <form className={styles.form} {...attributes}>
        <Problem words={problem} />
        {action === "sign-up" && (
          <TextField id="name" name="name" label="Name" autoComplete="name" maxLength={100} required error={errorOf("name")} />
        )}
        <TextField
          id="email"
          name="email"
          type="email"
          label="E-mail"
          autoComplete="username"
          inputMode="email"
          maxLength={254}
          required
          error={errorOf("email")}
        />
        <TextField
          id="password"
          name="password"
          type="password"
          label="Password"
          autoComplete={action === "sign-up" ? "new-password" : "current-password"}
          required
          error={errorOf("password")}
          {...(action === "sign-up" && { hint: `At least ${PASSWORD_MIN_LENGTH} characters` })}
        />
        <button className={`${controls.button} ${controls.primary}`} type="submit" aria-busy={isBusy}>
          {words.submit}
        </button>
      </form>
      <p className={styles.other}>
        {words.other.question} <Link href={words.other.href}>{words.other.link}</Link>
      </p>
    </div>
  );
}
