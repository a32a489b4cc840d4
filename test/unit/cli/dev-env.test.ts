// `.env` is read, does not win, and is said; the owner of a port is named.
import { mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { createServer, type AddressInfo } from "node:net";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterAll, expect, test } from "vitest";
import { readEnv } from "../../../cli/dev-env.ts";
import { nextFreePort, ownerOf } from "../../../cli/port-owner.ts";

const folder = mkdtempSync(join(tmpdir(), "perdure-env-"));
afterAll(() => rmSync(folder, { recursive: true, force: true }));

test("without a file nothing is read", () => {
  expect(readEnv(join(folder, "nowhere"), {})).toBeUndefined();
});

test("variables are set, but for those that are set", () => {
  writeFileSync(join(folder, ".env"), '# a comment\nNEW="two words"\nSET=file\nSAME=1\nexport ALSO=x\n');
  const environment: NodeJS.ProcessEnv = { SET: "shell", SAME: "1" };
  expect(readEnv(folder, environment)).toEqual({ shownPath: ".env", set: 2, kept: ["SET"] });
  expect(environment).toEqual({ NEW: "two words", SET: "shell", SAME: "1", ALSO: "x" });
});

async function listening(): Promise<{ port: number; [Symbol.asyncDispose]: () => Promise<void> }> {
  const server = createServer();
  await new Promise<void>((done) => server.listen(0, "127.0.0.1", done));
  const close = async (): Promise<void> => await new Promise((done) => server.close(() => done()));
  return { port: (server.address() as AddressInfo).port, [Symbol.asyncDispose]: close };
}

test.runIf(process.platform === "linux")(
  "who listens on a port is named, and nobody if nobody does",
  async () => {
    let { port } = { port: 0 };
    {
      await using server = await listening();
      ({ port } = server);
      expect(ownerOf(port)).toContain(`(pid ${process.pid})`);
    }
    expect(ownerOf(port)).toBeUndefined();
  },
);

test("the next port that is free is found", async () => {
  await using server = await listening();
  const free = await nextFreePort(server.port - 1, "127.0.0.1");
  expect(free).toBeGreaterThan(server.port);
});
