/** The end of a process that somebody has killed with the crash of a development server. */
import { FunctionError, OperationalError } from "../../../lib/errors.ts";
import type { InvocationId } from "../../../lib/model/ids.ts";

export class KilledByHand extends FunctionError {
  readonly #meant: InvocationId;

  constructor(meant: InvocationId) {
    super("crashed", "its process was killed by hand (kill -9)");
    this.#meant = meant;
  }

  /** As a turn of this invocation sees it. For the one that was meant it is a crash like any other: an attempt has failed. Turns
   * beside it are no failed attempts: they are looked at again. */
  as(id: InvocationId): FunctionError | OperationalError {
    if (id === this.#meant) return this;
    return new OperationalError("unavailable", `its process was killed by hand, for another invocation`);
  }
}
