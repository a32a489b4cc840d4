/**
 * How often properties are tried. `npm test` tries each a few times, so that it stays quick; CI tries it as often as it
 * says in full, with PERDURE_FULL_RUNS=1.
 */
const FULL = process.env["PERDURE_FULL_RUNS"] === "1";

/** `full` times in CI, `quick` ones elsewhere. */
export const tries = (quick: number, full: number): number => (FULL ? full : quick);
