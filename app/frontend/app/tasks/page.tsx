import type { Metadata } from "next";
import { redirect } from "next/navigation";
import { Logo } from "@/components/logo";
import { currentSession } from "@/server/session";
import { SignOutButton } from "./_components/sign-out-button";
import { TaskBoard } from "./_components/task-board";
import styles from "./tasks.module.css";

export const metadata: Metadata = { title: "Your tasks" };

export default async function TasksPage() {
  const session = await currentSession();
  if (session === null) {
    redirect("/sign-in");
  }
  return (
    <>
      <header className={styles.header}>
        <Logo />
        <span className={styles.user} title={session.user.email}>
          {session.user.name}
        </span>
        <SignOutButton />
      </header>
      <main className={styles.main}>
        <h1>Your tasks</h1>
        <TaskBoard />
      </main>
    </>
  );
}
