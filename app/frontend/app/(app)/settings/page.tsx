import type { Metadata } from "next";
import { redirect } from "next/navigation";
import { currentSession } from "@/server/session";
import controls from "@/components/controls.module.css";
import { DeleteAccount } from "./_components/delete-account";
import { ExportButton } from "./_components/export-button";
import { PasswordForm } from "./_components/password-form";
import { SignOutEverywhere } from "./_components/sign-out-everywhere";
import { ThemeChoice } from "./_components/theme-choice";
import styles from "./settings.module.css";

export const metadata: Metadata = { title: "Settings" };

export default async function SettingsPage() {
  const session = await currentSession();
  if (session === null) {
    redirect("/sign-in");
  }
  return (
    <div className={styles.page}>
      <h1>Settings</h1>
      <section className={controls.card} aria-labelledby="looks">
        <h2 id="looks">Looks</h2>
        <ThemeChoice />
      </section>
      <section className={controls.card} aria-labelledby="data">
        <h2 id="data">Your data</h2>
        <p>Your account, all your tasks and all conversations, in one file.</p>
        <ExportButton />
      </section>
      <section className={controls.card} aria-labelledby="password">
        <h2 id="password">Password</h2>
        <p>You sign in as {session.user.email}. A new password ends your sessions in all other browsers.</p>
        <PasswordForm email={session.user.email} />
      </section>
      <section className={controls.card} aria-labelledby="sessions">
        <h2 id="sessions">Sign out everywhere</h2>
        <p>Ends your sessions in every browser, this one too. Open pages elsewhere lose access within five minutes.</p>
        <SignOutEverywhere />
      </section>
      <section className={`${controls.card} ${styles.last}`} aria-labelledby="delete">
        <h2 id="delete">Delete the account</h2>
        <p>Your account goes at once, with every task and conversation in it. Nobody can bring it back.</p>
        <DeleteAccount />
      </section>
    </div>
  );
}
