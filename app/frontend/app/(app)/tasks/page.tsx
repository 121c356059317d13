import type { Metadata } from "next";
import { TaskBoard } from "./_components/task-board";
import styles from "./tasks.module.css";

export const metadata: Metadata = { title: "Your tasks" };

export default function TasksPage() {
  return (
    <div className={styles.main}>
      <h1>Your tasks</h1>
      <TaskBoard />
    </div>
  );
}
