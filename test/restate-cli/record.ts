/**
 * Writes the queries that the published CLI sends, command by command, to test/compare/queries/cli.sql. Run it for another version of the
 * CLI: `node --conditions=perdure-source test/restate-cli/record.ts`. It needs Restate's published server (npm run peers).
 */
import { mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { stopAllProcesses } from "../../scripts/processes.ts";
import { startServer } from "../compare/servers.ts";
import { type Invocations, settle, Workload } from "./workload.ts";
import { RestateCli } from "./published-tools.ts";
import { type RecordingProxy, startRecordingProxy } from "./recording-proxy.ts";

const OUT = join(import.meta.dirname, "../compare/queries/cli.sql");
const HEADER = `-- What the published CLI sends, recorded by test/restate-cli/record.ts. Each query under the command that sends it first.
-- {name}: the id of an invocation of workload.ts; {ids}: all of them; {deployment}: the deployment's id.
`;

/** Words in braces stand for ids. */
const READING = [
  "dp ls --extra",
  "dp describe {deployment} --extra",
  "svc status",
  "svc status Counter",
  "inv ls",
  "inv ls --all",
  "inv ls --service Counter",
  "inv ls --key a",
  "inv ls --status pending",
  "inv ls --status running --status paused",
  "inv ls --completion-result failure",
  "inv ls --deployment {deployment}",
  "inv ls --virtual-objects-only",
  "inv ls --zombie",
  "inv ls --oldest-first --limit 2",
  "inv ls --service Greeter --handler greet --status completed --oldest-first",
  "inv describe {chained}",
  "state get Counter a",
];

/** None of these does anything: nobody says yes. */
const CHANGING = [
  "dp remove {deployment}",
  "state clear Counter",
  "state clear Counter/a",
  "inv cancel {sleeping}",
  "inv cancel Signup",
  "inv kill Counter/a",
  "inv kill Counter/a/add",
  "inv pause {failing}",
  "inv pause Greeter",
  "inv resume {stopped}",
  "inv resume Greeter",
  "inv purge {greeted}",
  "inv purge Counter",
  "inv restart-as-new Greeter/greet",
];

async function deploymentOf(admin: string): Promise<string> {
  const { deployments } = (await (await fetch(`${admin}/deployments`)).json()) as {
    deployments: { id: string }[];
  };
  return deployments[0]?.id ?? "";
}

/** Text with names for ids. */
function named(text: string, ids: Invocations): string {
  let result = text.replaceAll(/\bin \(('inv_\w+',?)+\)/gu, "in ({ids})");
  for (const [name, id] of ids) result = result.replaceAll(id, `{${name}}`);
  const lines = result.split("\n").map((line) => line.trim());
  return lines.filter((line) => line !== "").join("\n");
}

async function record(proxy: RecordingProxy, cli: RestateCli, ids: Invocations): Promise<string> {
  const written = new Set<string>();
  let text = HEADER;
  for (const command of [...READING, ...CHANGING]) {
    const args = command.split(" ").map((word) => ids.get(word.replace(/^\{(.*)\}$/u, "$1")) ?? word);
    await cli.run(...args);
    for (const query of proxy.taken().map((sent) => named(sent, ids))) {
      if (written.has(query)) continue;
      written.add(query);
      text += `\n-- ${command}\n${query}\n`;
    }
  }
  return text;
}

const folder = mkdtempSync(join(tmpdir(), "perdure-record-"));
try {
  const server = await startServer("restate", folder, ["test/restate-cli/services.ts"]);
  const ids = new Map(await new Workload(server.ingress).run());
  await settle(server.admin, ids);
  ids.set("deployment", await deploymentOf(server.admin));
  const proxy = await startRecordingProxy(server.admin);
  writeFileSync(OUT, await record(proxy, new RestateCli(proxy.url, folder), ids));
  proxy.stop();
} finally {
  await stopAllProcesses();
  rmSync(folder, { recursive: true, force: true });
}
