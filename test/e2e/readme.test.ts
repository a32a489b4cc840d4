/** README's way, as a reader goes it: its file is served, the server is killed while the order sleeps, and the order ends. */
import { execFileSync } from "node:child_process";
import { mkdirSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { afterAll, beforeAll, expect, test } from "vitest";
import { matches, readPage, type ShownRequest } from "../unit/docs/page.ts";
import { PACKAGE_ROOT, Server, until } from "./server.ts";

const page = readPage("README.md");
const prose = readFileSync(join(PACKAGE_ROOT, "README.md"), "utf8");
// In the project, so that `perdure` is found.
const folder = join(PACKAGE_ROOT, ".perdure", `readme-${process.pid}`);
let server: Server;

beforeAll(async () => {
  mkdirSync(folder, { recursive: true });
  writeFileSync(join(folder, "order.ts"), page.modules[0]?.text ?? "");
  server = await Server.start({ file: join(folder, "order.ts"), args: ["--no-watch"] });
});
afterAll(async () => {
  await server.stop();
  rmSync(folder, { recursive: true, force: true });
});

async function ask({ method, path, headers, body }: ShownRequest): Promise<string> {
  const response = await fetch(`${server.url}${path}`, {
    method,
    headers,
    ...(body === undefined ? {} : { body }),
  });
  return await response.text();
}

/** What the server prints, where README says that it does. */
function promised(text: string): string {
  expect(prose.replaceAll(/\s+/g, " ")).toContain(`\`${text}\``);
  return text;
}

test("an order survives kill -9, and nothing runs twice", async () => {
  const [send, status, attach] = page.requests;
  if (!send || !status || !attach) throw new Error("README shows three requests");

  const accepted = await ask(send);
  expect(matches(accepted, send.answer)).toBe(true);
  const charging = promised("| charging for tea");
  await until(
    () => server.output,
    (output) => output.includes(charging),
  );
  await until(
    async () => await ask(status),
    (answer) => answer === status.answer,
  );

  await server.restart();
  expect(server.output).toContain(promised("continues what the last run left: 1 open invocation"));
  // Instead of the 20 seconds.
  await server.request(`${server.adminUrl}/dev/clock`, { body: { by: "20s" } });
  const { invocationId } = JSON.parse(accepted) as { invocationId: string };
  expect(await ask({ ...attach, path: attach.path.replace("inv_…", invocationId) })).toBe(attach.answer);
  expect(server.output).toContain(promised("| shipping tea"));
  expect(server.output.split(charging)).toHaveLength(2);

  const shown = execFileSync(
    process.execPath,
    ["--conditions=perdure-source", "cli/main.ts", "show", invocationId, "--url", server.adminUrl],
    { cwd: PACKAGE_ROOT, encoding: "utf8" },
  );
  expect(prose).toContain("the six entries of the journal");
  expect(shown).toContain("6 entries");
});
