import { execFileSync } from "node:child_process";
import { readFileSync, writeFileSync } from "node:fs";
import { mkdtemp, rm } from "node:fs/promises";
import { tmpdir } from "node:os";
import path from "node:path";
import pg from "pg";
import { afterAll, beforeAll, expect, test } from "vitest";
import { connectionUrl } from "../database-url.mjs";
import { type Server, debianBinaries, freePort, startDebian, untilReady } from "./postgres";

interface Case {
  sslmode: string;
  server: "tls" | "plain";
  host: string;
  file: string | null;
  url: string | null;
  connects: boolean;
}

const contract = JSON.parse(
  readFileSync(path.join(import.meta.dirname, "../../contract/sslmode.json"), "utf8"),
) as { cases: Case[] };

const binaries = debianBinaries();
// A skip is for a machine without Debian's Postgres; where nothing may be skipped, the tests fail for want of it.
const held = binaries === undefined && process.env.TODOCTL_TESTS_REQUIRE_ALL !== "1" ? test.skip : test;

let folder: string;
const servers = new Map<string, Server>();

function openssl(...words: string[]) {
  execFileSync("openssl", words, { cwd: folder, stdio: "ignore" });
}

beforeAll(async () => {
  if (binaries === undefined) {
    return;
  }
  folder = await mkdtemp(path.join(tmpdir(), "todo-frontend-tls-"));
  for (const name of ["ca", "other"]) {
    const files = ["-keyout", `${name}.key`, "-out", `${name}.pem`];
    openssl("req", "-x509", "-newkey", "rsa:2048", "-nodes", "-days", "2", "-subj", `/CN=${name}`, ...files);
  }
  openssl(..."req -newkey rsa:2048 -nodes -subj /CN=localhost -keyout server.key -out server.csr".split(" "));
  writeFileSync(path.join(folder, "names"), "subjectAltName=DNS:localhost\n");
  const signed = "-CA ca.pem -CAkey ca.key -CAcreateserial -extfile names -out server.pem";
  openssl(...`x509 -req -days 2 -in server.csr ${signed}`.split(" "));
  const tls = { certificate: path.join(folder, "server.pem"), key: path.join(folder, "server.key") };
  servers.set("tls", await startDebian(binaries, await freePort(), tls));
  servers.set("plain", await startDebian(binaries, await freePort()));
  for (const server of servers.values()) {
    await untilReady(server.url);
  }
}, 60_000);

afterAll(async () => {
  for (const server of servers.values()) {
    await server.stop();
  }
  if (folder) {
    await rm(folder, { recursive: true, force: true });
  }
});

async function connects(url: string): Promise<boolean> {
  const client = new pg.Client({ connectionString: url, connectionTimeoutMillis: 5_000 });
  client.on("error", () => undefined);
  try {
    await client.connect();
    return true;
  } catch {
    return false;
  } finally {
    await client.end().catch(() => undefined);
  }
}

for (const one of contract.cases) {
  const name = [one.sslmode, one.server, one.host, one.file, one.url].join(" ");
  held(`sslmode means what the contract says: ${name}`, async () => {
    const url = new URL(servers.get(one.server)?.url ?? "");
    url.hostname = one.host;
    url.searchParams.set("sslmode", one.sslmode);
    if (one.url !== null) {
      url.searchParams.set("sslrootcert", one.url === "system" ? "system" : path.join(folder, `${one.url}.pem`));
    }
    const file = path.join(folder, `${one.file ?? "absent"}.pem`);
    const connected = await Promise.resolve()
      .then(() => connects(connectionUrl(url.href, file)))
      .catch(() => false);
    expect(connected).toBe(one.connects);
  });
}

test("a URL without sslmode stays as it is", () => {
  const url = "postgresql://todo:p%40ss%2Fword@todo-postgres.todo-app:5432/todo?options=-c%20geqo%3Doff";
  expect(connectionUrl(url, "/etc/hostname")).toBe(url);
});

test.each(["allow", "prefer"])("sslmode=%s, which promises nothing, is served without TLS", (mode) => {
  const url = new URL(connectionUrl(`postgresql://todo@database.example/todo?sslmode=${mode}`));
  expect(url.searchParams.get("sslmode")).toBe("disable");
});

test("the password stays as it is written", () => {
  const url = new URL(connectionUrl("postgresql://todo:p%40ss%2Fword@database.example/todo?sslmode=require"));
  expect(url.password).toBe("p%40ss%2Fword");
});
