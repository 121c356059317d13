import type { Metadata } from "next";
import { listTitle, readListQuery } from "@/browser/list-query";
import { TaskBoard } from "./_components/task-board";

export async function generateMetadata({ searchParams }: PageProps<"/tasks">): Promise<Metadata> {
  const single = Object.entries(await searchParams).filter((entry): entry is [string, string] => typeof entry[1] === "string");
  return { title: listTitle(readListQuery(new URLSearchParams(single))) };
}

export default function TasksPage() {
  return <TaskBoard />;
}
