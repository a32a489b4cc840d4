/**
 * `npm run compare`: runs the same programs on Restate's published server and SDK, and on Perdure with `perdure/restate`. One
 * scenario over HTTP, the answers side by side; then the SQL queries of queries/, the same way; then the spans of a saga. `npm run compare
 * -- http`, `-- queries` and `-- traces` do one of them. Exits with 1 if there is an unexpected difference.
 */
import { execFileSync } from "node:child_process";
import { existsSync, mkdtempSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { isDeepStrictEqual } from "node:util";
import { type Answer, Client } from "./client.ts";
import { whyExpected } from "./expected.ts";
import { stopAllProcesses } from "../../scripts/processes.ts";
import { compareQueries } from "./queries.ts";
import { scenario } from "./scenario.ts";
import { startServer } from "./servers.ts";
import { EXAMPLES, ROOT, type Side } from "./bundle.ts";
import { compareTraces } from "./traces.ts";

const SHOWN_CHARS_MAX = 160;

function installPeers(): void {
  if (existsSync(join(ROOT, "bench/peers/node_modules/.bin/restate-server"))) return;
  console.log("The published server and SDK are not installed: npm run peers\n");
  execFileSync("npm", ["run", "--silent", "peers"], { cwd: ROOT, stdio: "inherit" });
}

async function answersOf(side: Side, folder: string): Promise<ReadonlyMap<string, Answer>> {
  const server = await startServer(side, folder, EXAMPLES);
  try {
    const client = new Client(server);
    await scenario(client);
    return client.answers;
  } finally {
    await server.stop();
  }
}

function show(answer: Answer | undefined): string {
  if (!answer) return "nothing";
  const { status, contentType, headers, body } = answer;
  const said = Object.entries(headers).filter(([, value]) => value !== null && value !== false);
  const names = said.map(([name, value]) => (value === true ? name : `${name}=${String(value)}`));
  const text = (JSON.stringify(body) ?? "").slice(0, SHOWN_CHARS_MAX);
  return [status, contentType ?? "-", ...names, text].join(" ");
}

/** Prints all answers. Returns the number of unexpected differences. */
function compare(restate: ReadonlyMap<string, Answer>, perdure: ReadonlyMap<string, Answer>): number {
  const requests = [...new Set([...restate.keys(), ...perdure.keys()])];
  const differing: string[] = [];
  for (const request of requests) {
    const [theirs, ours] = [restate.get(request), perdure.get(request)];
    if (isDeepStrictEqual(theirs, ours)) {
      console.log(`same     ${request}\n           ${show(ours)}`);
      continue;
    }
    const why = whyExpected(theirs, ours);
    console.log(
      `${why === undefined ? "DIFFERS " : "expected"} ${request}${why === undefined ? "" : `: ${why}`}`,
    );
    console.log(`  Restate  ${show(theirs)}\n  Perdure  ${show(ours)}`);
    if (why === undefined) differing.push(request);
  }
  console.log(`\n${requests.length} requests, ${differing.length} answered differently without a reason`);
  for (const request of differing) console.log(`  ${request}`);
  return requests.length === 0 ? 1 : differing.length;
}

const PARTS = ["http", "queries", "traces"];
const [, , only] = process.argv;
if (only !== undefined && !PARTS.includes(only))
  throw new Error(`npm run compare takes ${PARTS.join(", ")}, not ${only}`);
const isAsked = (part: string): boolean => only === undefined || only === part;
installPeers();
const folder = mkdtempSync(join(tmpdir(), "perdure-compare-"));
try {
  let differences = 0;
  if (isAsked("http"))
    differences += compare(await answersOf("restate", folder), await answersOf("perdure", folder));
  if (isAsked("queries")) differences += await compareQueries(folder);
  if (isAsked("traces")) differences += await compareTraces(folder);
  process.exitCode = differences === 0 ? 0 : 1;
} finally {
  await stopAllProcesses();
  rmSync(folder, { recursive: true, force: true });
}
