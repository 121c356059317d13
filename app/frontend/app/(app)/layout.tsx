import { redirect } from "next/navigation";
import type { ReactNode } from "react";
import { readEnvironment } from "@/server/environment";
import { currentSession } from "@/server/session";
import { Shell } from "./_components/shell";

export default async function AppLayout({ children }: { children: ReactNode }) {
  const session = await currentSession();
  if (session === null) {
    redirect("/sign-in");
  }
  const { podName, hasClusterPage } = readEnvironment();
  return (
    <Shell userId={session.user.id} userName={session.user.name} pod={podName} hasClusterPage={hasClusterPage}>
      {children}
    </Shell>
  );
}
