import { execFileSync, spawn } from "node:child_process";
import { randomInt } from "node:crypto";
import { existsSync, readdirSync } from "node:fs";
import { chmod, chown, copyFile, mkdtemp, rm } from "node:fs/promises";
import { createServer } from "node:net";
import { tmpdir } from "node:os";
import path from "node:path";
import { setTimeout as sleep } from "node:timers/promises";
import pg from "pg";
import type { TestProject } from "vitest/node";

declare module "vitest" {
  export interface ProvidedContext {
    /** A role on a real Postgres that may create databases; each test makes its own. */
    postgresUrl: string;
  }
}

export interface Server {
  url: string;
  stop: () => Promise<void>;
}

/** Vitest's global set-up: the Postgres of TEST_DATABASE_URL, else Debian's, else a container. */
export default async function setup(project: TestProject) {
  const given = process.env.TEST_DATABASE_URL;
  const server = given ? { url: given, stop: () => Promise.resolve() } : await startServer();
  try {
    await untilReady(server.url);
  } catch (error) {
    await server.stop();
    throw error;
  }
  project.provide("postgresUrl", server.url);
  return server.stop;
}

async function startServer(): Promise<Server> {
  const port = await freePort();
  const binaries = debianBinaries();
  return binaries === undefined ? startContainer(port) : startDebian(binaries, port);
}

/** The folder with the newest server's programs, where Debian's package is there. */
export function debianBinaries(): string | undefined {
  const versions = "/usr/lib/postgresql";
  const newest = existsSync(versions)
    ? readdirSync(versions).sort((a, b) => Number(b) - Number(a)).find((v) => existsSync(`${versions}/${v}/bin/initdb`))
    : undefined;
  return newest === undefined ? undefined : `${versions}/${newest}/bin`;
}

/** A server of Debian's, which offers TLS where it is given a certificate. */
export async function startDebian(
  binaries: string,
  port: number,
  tls?: { certificate: string; key: string },
): Promise<Server> {
  const folder = await mkdtemp(path.join(tmpdir(), "todo-frontend-postgres-"));
  // Postgres refuses to run as root.
  let account: { uid: number; gid: number } | object = {};
  if (process.getuid?.() === 0) {
    const uid = Number(execFileSync("id", ["-u", "postgres"], { encoding: "utf8" }));
    const gid = Number(execFileSync("id", ["-g", "postgres"], { encoding: "utf8" }));
    await chown(folder, uid, gid);
    account = { uid, gid };
  }
  const options = { ...account, cwd: folder, stdio: "ignore" as const };
  execFileSync(`${binaries}/initdb`, ["-D", folder, "-U", "postgres", "-A", "trust", "-E", "UTF8", "--no-sync"], options);
  const lines = ["listen_addresses=127.0.0.1", "unix_socket_directories=", "fsync=off"];
  if (tls) {
    for (const [from, to] of [[tls.certificate, "server.crt"], [tls.key, "server.key"]] as const) {
      await copyFile(from, path.join(folder, to));
      await chmod(path.join(folder, to), 0o600);
      if ("uid" in account) {
        await chown(path.join(folder, to), account.uid, account.gid);
      }
    }
    lines.push("ssl=on");
  }
  const settings = lines.flatMap((s) => ["-c", s]);
  const server = spawn(`${binaries}/postgres`, ["-D", folder, "-p", String(port), ...settings], options);
  const ended = new Promise((resolve) => server.once("exit", resolve));
  return {
    url: `postgresql://postgres@127.0.0.1:${port}/postgres`,
    stop: async () => {
      server.kill("SIGINT"); // fast shutdown
      await ended;
      await rm(folder, { recursive: true, force: true });
    },
  };
}

function startContainer(port: number): Server {
  const name = `todo-frontend-postgres-${port}`;
  const publish = `127.0.0.1:${port}:5432`;
  execFileSync("docker", [
    ...["run", "--detach", "--rm", "--name", name, "--publish", publish],
    ...["--env", "POSTGRES_HOST_AUTH_METHOD=trust", "--tmpfs", "/var/lib/postgresql/data", "postgres:17"],
  ]);
  return {
    url: `postgresql://postgres@127.0.0.1:${port}/postgres`,
    stop: () => {
      execFileSync("docker", ["rm", "--force", "--volumes", name], { stdio: "ignore" });
      return Promise.resolve();
    },
  };
}

export async function untilReady(url: string): Promise<void> {
  const end = Date.now() + 60_000;
  for (;;) {
    const client = new pg.Client({ connectionString: url, connectionTimeoutMillis: 2_000 });
    try {
      await client.connect();
      return;
    } catch (error) {
      if (Date.now() > end) {
        throw error;
      }
      await sleep(100);
    } finally {
      await client.end().catch(() => undefined);
    }
  }
}

/** A port that nothing listens on, and that no outgoing connection takes meanwhile: those get higher ones. */
export function freePort(): Promise<number> {
  const port = randomInt(20_000, 32_000);
  return new Promise((resolve, reject) => {
    const server = createServer();
    server.once("error", () => {
      freePort().then(resolve, reject);
    });
    server.listen(port, "127.0.0.1", () => {
      server.close(() => {
        resolve(port);
      });
    });
  });
}
