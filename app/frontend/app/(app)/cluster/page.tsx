import type { Metadata } from "next";
import { notFound } from "next/navigation";
import { readEnvironment } from "@/server/environment";
import { ClusterView } from "./_components/cluster-view";

export const metadata: Metadata = { title: "Cluster" };

export default function ClusterPage() {
  if (!readEnvironment().hasClusterPage) {
    notFound();
  }
  return <ClusterView />;
}
