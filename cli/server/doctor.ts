/** `perdure doctor`: looks for what is wrong, one line each, with what to do about it. */
import type { Cli } from "../cli.ts";
import { EXIT } from "../exit.ts";
import { safe, type Style } from "../output.ts";
import type { Check } from "./check.ts";
import { deploymentChecks, invocationChecks, serverChecks, wayChecks } from "./checks.ts";

const STYLES: Readonly<Record<Check["verdict"], Style>> = { ok: "green", warn: "yellow", fail: "red" };

export async function runDoctor(cli: Cli): Promise<void> {
  const checks: Check[] = [];
  for await (const check of allChecks(cli)) {
    checks.push(check);
    if (cli.out.format === "text") await cli.out.lines(linesOf(cli, check));
  }
  await cli.out.show({ checks: checks.map((check) => ({ fix: null, ...check })) }, () => []);
  if (checks.some(({ verdict }) => verdict === "fail")) process.exitCode = EXIT.failed;
}

/** Without a server there is nothing more to look at. */
async function* allChecks(cli: Cli): AsyncGenerator<Check> {
  const { checks, isReachable } = await serverChecks(cli);
  yield* checks;
  if (!isReachable) return;
  yield* await wayChecks(cli);
  const admin = await cli.admin();
  yield* await deploymentChecks(admin);
  yield* await invocationChecks(admin);
  const { aws } = await cli.environment();
  if (aws === undefined) return;
  const { alarmChecks } = await import("./alarms.ts");
  yield* await alarmChecks(aws);
}

function linesOf(cli: Cli, { name, verdict, text, fix }: Check): string[] {
  const first = `${cli.out.styled(STYLES[verdict], verdict.padEnd(4))}  ${safe(name)}: ${safe(text)}`;
  return fix === undefined ? [first] : [first, `      ${safe(fix)}`];
}
