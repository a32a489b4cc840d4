/**
 * `perdure invocations export`: one invocation as JSON for a report of a bug.
 *
 * Values are users' data. What a secret's name names within them is taken out, and with `--no-values` all of them are.
 */
import { isSecretName, REDACTED, withoutSecrets } from "../../lib/log/redaction.ts";
import { PACKAGE_VERSION } from "../../lib/version.ts";
import type { Cli } from "../cli.ts";
import { linesOf, recordedBy } from "../replay/recorded.ts";
import { describedBy, describedJson } from "./described.ts";

export interface ExportOptions {
  /** False with `--no-values`. */
  readonly values?: boolean;
  readonly replayable?: boolean;
}

export async function exportInvocation(
  cli: Cli,
  id: string,
  { values, replayable }: ExportOptions,
): Promise<void> {
  const admin = await cli.admin();
  if (replayable === true) return await cli.out.bytes(linesOf([await recordedBy(admin, id)]));
  const [described, version] = [await describedBy(admin, id), await admin.fields("GET", "/version")];
  const exported = {
    exported_at: new Date().toISOString(),
    cli_version: PACKAGE_VERSION,
    server_version: version.optionalText("version"),
    invocation: redactedJson(describedJson(described), values !== false),
  };
  await cli.out.lines([JSON.stringify(exported, undefined, cli.out.format === "jsonl" ? 0 : 2)]);
}

/** Where the admin API puts users' data: the bytes of a value, as text. */
const VALUES: ReadonlySet<string> = new Set(["value", "value_base64"]);

/** The same, without what has a secret's name; `keepsValues`: with all else. */
export function redactedJson(json: unknown, keepsValues: boolean): unknown {
  if (Array.isArray(json)) return json.map((each: unknown) => redactedJson(each, keepsValues));
  if (typeof json !== "object" || json === null) return json;
  return Object.fromEntries(
    Object.entries(json).map(([name, value]: [string, unknown]) => {
      if (isSecretName(name)) return [name, REDACTED];
      if (!VALUES.has(name) || typeof value !== "string") return [name, redactedJson(value, keepsValues)];
      return [name, keepsValues ? redactedText(value) : `[${value.length} characters]`];
    }),
  );
}

/** A value's text is JSON as a rule. In what is none, credentials are known by what stands before them. */
function redactedText(text: string): string {
  try {
    return JSON.stringify(withoutNames(JSON.parse(text)));
  } catch {
    return withoutSecrets(text);
  }
}

function withoutNames(json: unknown): unknown {
  if (Array.isArray(json)) return json.map(withoutNames);
  if (typeof json !== "object" || json === null) return json;
  return Object.fromEntries(
    Object.entries(json).map(([name, value]: [string, unknown]) => [
      name,
      isSecretName(name) ? REDACTED : withoutNames(value),
    ]),
  );
}
