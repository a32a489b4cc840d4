/** Asks for the overview, for as long as it is on the screen. */
import { askFields } from "./client.ts";
import { EVERY_MS, roundNow, useLive } from "./live.ts";
import { overviewOf } from "./overview.ts";
import { shared, YOUNG_MS } from "./shared.ts";

const load = shared(
  YOUNG_MS,
  async (signal) => overviewOf(await askFields("/overview", { signal })),
  roundNow,
);

/** Counts change more slowly than what one looks at. */
export const useOverview = (everyMs: number = EVERY_MS.counts) => useLive("overview", load, everyMs);
