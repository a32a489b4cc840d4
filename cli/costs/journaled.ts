/** What an estimate rests on, from an invocation and its journal as the admin API answers them. */
import type { AnswerFields } from "../fields.ts";
import type { InvocationRow } from "../invocations/invocation.ts";
import { timeOf } from "../time.ts";
import type { Journaled } from "../../lib/cost-estimate.ts";
import { journaledIn } from "../../lib/cost-journal.ts";

export const journaledOf = ({ fields, key }: InvocationRow, journal: AnswerFields): Journaled =>
  journaledIn(
    {
      created_at: fields.optionalText("created_at"),
      invoked_by: fields.optionalText("invoked_by"),
      scheduled_start_at: fields.optionalText("scheduled_start_at"),
      target_service_key: key,
    },
    journal.objects("entries").map(({ raw }) => raw),
    timeOf,
  );
