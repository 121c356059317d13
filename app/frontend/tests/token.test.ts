import { createHmac } from "node:crypto";
import { readFileSync } from "node:fs";
import path from "node:path";
import { describe, expect, test } from "vitest";
import { deriveTokenKey, mintToken } from "@/server/token";

interface Vectors {
  secret: string;
  key: string;
  minted_lifetime_seconds: number;
  tokens: { name: string; now: number; token: string; claims?: { sub: string; iat: number; exp: number } }[];
}

const vectors = JSON.parse(
  readFileSync(path.join(import.meta.dirname, "../../contract/token.json"), "utf8"),
) as Vectors;

test("the key is the contract's", () => {
  expect(deriveTokenKey(vectors.secret).toString("hex")).toBe(vectors.key);
});

test("a minted token is the contract's, character by character", () => {
  const minted = vectors.tokens.find(({ name }) => name === "as the frontend mints it");
  expect(mintToken("user-1", vectors.secret, 1_800_000_000)).toEqual({ token: minted?.token, expires_at: 1_800_000_270 });
});

describe("a minted token has the contract's claims, signed with its key", () => {
  // Of those that live as long as ours do.
  const full = vectors.tokens.flatMap(({ name, claims }) =>
    claims !== undefined && claims.exp - claims.iat === vectors.minted_lifetime_seconds ? [{ name, claims }] : [],
  );
  expect(full).not.toEqual([]);

  test.each(full)("$name", ({ claims }) => {
    const [header, payload, signature] = mintToken(claims.sub, vectors.secret, claims.iat).token.split(".");
    expect(decode(header)).toEqual({ alg: "HS256", typ: "JWT" });
    expect(decode(payload)).toEqual(claims);
    const key = Buffer.from(vectors.key, "hex");
    expect(signature).toBe(createHmac("sha256", key).update(`${header}.${payload}`).digest("base64url"));
  });
});

const decode = (part = ""): unknown => JSON.parse(Buffer.from(part, "base64url").toString());
