/** `--from`: the step that a restarted invocation does anew, by its number in the journal or by its name. */
import type { AdminClient } from "../admin-client.ts";
import { CommandError, UsageError } from "../exit.ts";
import { didYouMean } from "../suggest.ts";
import { journalBy, type JournalStep, stepsOf } from "./journal.ts";

/** How many entries of the journal are kept. Throws {@link CommandError} if no step, or more than one, has the name. */
export async function positionOf(admin: AdminClient, id: string, from: string): Promise<number> {
  const number = /^#?(\d+)$/u.exec(from)?.[1];
  if (number !== undefined) return Number(number);
  if (from === "") throw new UsageError("--from takes a step's name or number");
  return stepPosition(stepsOf(await journalBy(admin, id)), from);
}

export function stepPosition(steps: readonly JournalStep[], name: string): number {
  const [found, ...more] = steps.filter((step) => step.name === name);
  if (found === undefined) {
    const names = [...new Set(steps.map((step) => step.name))].filter((each) => each !== "");
    throw new CommandError(`its journal has no step "${name}".${didYouMean(name, names)}`);
  }
  if (more.length > 0) {
    const numbers = [found, ...more].map(({ index }) => `#${index}`).join(", ");
    throw new CommandError(
      `its journal has the step "${name}" more than once: ${numbers}. Name one by its number.`,
    );
  }
  return found.index;
}
