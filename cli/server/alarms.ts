/** What `perdure doctor` asks AWS: which alarms of the runtime ring. They watch queues, dead letters, timers and functions. */
import { asError } from "../../lib/errors.ts";
import { openSession } from "../aws/session.ts";
import type { DeployedStack } from "../environment/environment.ts";
import { AnswerFields } from "../fields.ts";
import type { Check } from "./check.ts";

const NAME = "alarms";

export async function alarmChecks({ runtime, region, profile, endpoint }: DeployedStack): Promise<Check[]> {
  try {
    const session = await openSession({ region, profile, endpoint }, process.env);
    // As infra/alarms.ts names them.
    const prefix = `${runtime.replaceAll("/", "-")}-`;
    const answer = await session.query.json("cloudwatch", "DescribeAlarms", { AlarmNamePrefix: prefix });
    const alarms = new AnswerFields(answer, "answer").objects("MetricAlarms");
    const ringing = alarms.filter((alarm) => alarm.optionalText("StateValue") === "ALARM");
    if (ringing.length === 0)
      return [
        { name: NAME, verdict: "ok", text: `none of ${alarms.length} rings (queues, dead letters, timers)` },
      ];
    return ringing.map((alarm) => ({
      ...{ name: NAME, verdict: "fail" as const },
      text: `${alarm.text("AlarmName")}: ${alarm.optionalText("StateReason") ?? "it rings"}`,
      fix: "docs/operations.md says for each alarm what to do.",
    }));
  } catch (error) {
    return [
      {
        ...{
          name: NAME,
          verdict: "warn" as const,
          text: `CloudWatch does not say: ${asError(error).message}`,
        },
        fix: "Allow yourself cloudwatch:DescribeAlarms, or look at them in the console.",
      },
    ];
  }
}
