// `perdure up`: the server alone, as a process.
import { once } from "node:events";
import { mkdtempSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterAll, expect, test } from "vitest";
import { runHere } from "../support/cli-run.ts";
import { runCli } from "./server.ts";

const folder = mkdtempSync(join(tmpdir(), "perdure-up-"));
afterAll(() => rmSync(folder, { recursive: true, force: true }));

test("serves what is registered, says how to register, and ends on a signal", async () => {
  const own = ["--port", "0", "--admin-port", "0", "--data", join(folder, "data.sqlite")];
  const child = runCli(["up", ...own], { cwd: folder });
  const ended = once(child, "exit");
  let output = "";
  let admin: string | undefined;
  for await (const text of child.stdout?.setEncoding("utf8") ?? []) {
    output += String(text);
    admin = /admin +(http:\S+)\n[^]*Ctrl-C/u.exec(output)?.[1];
    if (admin !== undefined) break;
  }
  expect(output).toContain("serves registered deployments");
  expect(output).toContain(`perdure deployments register http://localhost:9080 --url ${admin}\n`);
  expect(await runHere(["deployments", "list", "--json", "--url", admin ?? ""])).toMatchObject({
    ...{ code: 0, stdout: "[]\n" },
  });
  child.kill("SIGTERM");
  expect(await ended).toEqual([0, null]);
});

test("takes no file: that is what dev is for", async () => {
  const { code, stderr } = await runHere(["up", "services.ts"]);
  expect(code).toBe(2);
  expect(stderr).toContain("too many arguments");
});
