"use client";

import { type ReactNode, useEffect, useState } from "react";
import { type Cluster, type Pod, useCluster } from "@/browser/use-cluster";
import controls from "@/components/controls.module.css";
import styles from "../cluster.module.css";
import { LoadPanel } from "./load-panel";

/** What runs: pods, rollouts, the autoscaler, which pod gave the last answers, and a button that makes load. */
export function ClusterView() {
  const { cluster, answers, failure, refusal, beginLoad, endLoad } = useCluster();
  const now = useNow();

  return (
    <div className={styles.page}>
      <header>
        <h1>Cluster</h1>
        {(cluster !== null || failure === null) && (
          <p className={styles.soft}>
            {cluster === null ? "Looking at the cluster" : `What runs in the namespace ${cluster.namespace}, asked for every second.`}
          </p>
        )}
      </header>
      <div role="status">
        {failure !== null && (
          <p className={styles.failure}>
            {failure.kind === "gone" ? "This installation does not show its cluster." : failure.message}
            {failure.kind !== "signed-out" && " It is asked again."}
          </p>
        )}
      </div>
      {cluster !== null && (
        <>
          <Answers cluster={cluster} answers={answers} />
          <LoadPanel load={cluster.load} refusal={refusal} now={now} onBegin={beginLoad} onEnd={endLoad} />
          {cluster.autoscalers.map((autoscaler) => (
            <Autoscaler key={autoscaler.name} autoscaler={autoscaler} />
          ))}
          <Workloads workloads={cluster.workloads} />
          <Pods pods={cluster.pods} now={now} servedBy={cluster.served_by} />
        </>
      )}
    </div>
  );
}

function useNow(): number {
  const [now, setNow] = useState(() => Date.now());
  useEffect(() => {
    const timer = setInterval(() => {
      setNow(Date.now());
    }, 1_000);
    return () => {
      clearInterval(timer);
    };
  }, []);
  return now;
}

/** The end of a pod's name, which tells it from its siblings. */
const shortName = (pod: string) => pod.split("-").at(-1) ?? pod;

/** A picture of who answered: one lane a pod, one mark an answer, the latest on the right. */
function Answers({ cluster, answers }: { cluster: Cluster; answers: { number: number; pod: string }[] }) {
  const living = cluster.pods.filter(({ component }) => component === "todo-backend").map(({ name }) => name);
  const lanes = [...new Set([...living, ...answers.map(({ pod }) => pod)])].sort();
  const first = answers[0]?.number ?? 0;
  return (
    <section className={controls.card} aria-labelledby="answers">
      <h2 id="answers">Who answered</h2>
      <p className={styles.soft}>The backend pods that gave the last answers to this page, the latest on the right.</p>
      <ul className={styles.lanes}>
        {lanes.map((pod) => {
          const own = answers.filter((answer) => answer.pod === pod);
          return (
            <li key={pod} data-last={answers.at(-1)?.pod === pod}>
              <code title={pod}>{shortName(pod)}</code>
              <svg className={styles.lane} viewBox="0 0 400 16" preserveAspectRatio="none" aria-hidden="true" focusable="false">
                <path className={styles.rail} d="M0 8h400" />
                {own.map(({ number }) => (
                  <rect key={number} className={styles.mark} x={(number - first) * 10 + 1} y="2" width="8" height="12" rx="2" />
                ))}
              </svg>
              <span className={styles.number}>{own.length}</span>
            </li>
          );
        })}
      </ul>
    </section>
  );
}

function Autoscaler({ autoscaler }: { autoscaler: Cluster["autoscalers"][number] }) {
  const { name, minimum, maximum, current, wanted, target_percent: target, current_percent: used } = autoscaler;
  return (
    <section className={controls.card} aria-labelledby={`hpa-${name}`}>
      <h2 id={`hpa-${name}`}>Autoscaler of {name}</h2>
      <dl className={styles.figures}>
        <div>
          <dt>Pods now</dt>
          <dd>{current}</dd>
        </div>
        <div>
          <dt>Wanted</dt>
          <dd>{wanted}</dd>
        </div>
        <div>
          <dt>Allowed</dt>
          <dd>
            {minimum}–{maximum}
          </dd>
        </div>
        <div>
          <dt>CPU of requests</dt>
          <dd>{used === null ? "no figures yet" : `${used} %`}</dd>
        </div>
        <div>
          <dt>Target</dt>
          <dd>{target === null ? "none" : `${target} %`}</dd>
        </div>
      </dl>
      {used !== null && target !== null && (
        <svg className={styles.meter} viewBox="0 0 200 12" preserveAspectRatio="none" aria-hidden="true" focusable="false">
          <rect className={styles.meterGround} width="200" height="12" rx="3" />
          <rect className={used > target ? styles.meterHot : styles.meterUsed} width={Math.min(used, 200)} height="12" rx="3" />
          <path className={styles.meterTarget} d={`M${Math.min(target, 199)} 0v12`} />
        </svg>
      )}
    </section>
  );
}

/** A table that scrolls on its own where it is wider than the page, by keyboard too; `children` are its rows. */
function ScrollingTable({ labelledBy, columns, children }: { labelledBy: string; columns: string[]; children: ReactNode }) {
  return (
    <div className={styles.scroll} tabIndex={0} role="group" aria-labelledby={labelledBy}>
      <table className={styles.table}>
        <thead>
          <tr>
            {columns.map((column) => (
              <th key={column} scope="col">
                {column}
              </th>
            ))}
          </tr>
        </thead>
        <tbody>{children}</tbody>
      </table>
    </div>
  );
}

function Workloads({ workloads }: { workloads: Cluster["workloads"] }) {
  return (
    <section className={controls.card} aria-labelledby="rollouts">
      <h2 id="rollouts">Rollouts</h2>
      <ScrollingTable labelledBy="rollouts" columns={["Deployment", "Ready", "Updated", "Version"]}>
        {workloads.map(({ name, ready, updated, wanted, version }) => (
          <tr key={name}>
            <th scope="row">{name}</th>
            <td>
              {ready} of {wanted}
            </td>
            <td>
              {updated} of {wanted}
            </td>
            <td>
              <code>{version}</code>
            </td>
          </tr>
        ))}
      </ScrollingTable>
    </section>
  );
}

function Pods({ pods, now, servedBy }: { pods: Pod[]; now: number; servedBy: string }) {
  return (
    <section className={controls.card} aria-labelledby="pods">
      <h2 id="pods">Pods</h2>
      <ScrollingTable labelledBy="pods" columns={["Pod", "Status", "Age", "Restarts", "Version", "Node"]}>
        {pods.map(({ name, status, ready, created_at, restarts, version, node }) => (
          <tr key={name} data-answering={name === servedBy}>
            <th scope="row">{name}</th>
            <td>
              <span className={styles.state} data-ready={ready}>
                {ready ? "Ready" : status}
              </span>
            </td>
            <td>{sayAge(now - Date.parse(created_at))}</td>
            <td>{restarts}</td>
            <td>
              <code>{version}</code>
            </td>
            <td>{node ?? "none yet"}</td>
          </tr>
        ))}
      </ScrollingTable>
      {pods.length === 0 && <p className={controls.hint}>There are none.</p>}
    </section>
  );
}

/** An age as kubectl writes it: its largest two units. */
function sayAge(milliseconds: number): string {
  const seconds = Math.max(0, Math.floor(milliseconds / 1000));
  const [days, hours, minutes] = [Math.floor(seconds / 86_400), Math.floor(seconds / 3600) % 24, Math.floor(seconds / 60) % 60];
  if (days > 0) {
    return `${days}d${hours}h`;
  }
  return hours > 0 ? `${hours}h${minutes}m` : minutes > 0 ? `${minutes}m${seconds % 60}s` : `${seconds}s`;
}
