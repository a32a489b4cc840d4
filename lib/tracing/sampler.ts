/**
 * Which traces are kept. A decision follows from the caller's and from the trace's id alone, so all processes decide alike, and nothing
 * has to be stored. The names are those of `OTEL_TRACES_SAMPLER`.
 */
export interface Sampler {
  /** `parent`: what the caller has decided. */
  isSampled(traceId: string, parent: boolean | undefined): boolean;
}

const NAMES = ["always_on", "always_off", "traceidratio"] as const;
type Name = (typeof NAMES)[number];
const PARENT_BASED = "parentbased_";

/** Of an id that is random, or a hash: 56 bits of it. */
const RATIO_DIGITS = 14;

/** `undefined`: always on, unless the caller has decided otherwise. Throws `TypeError` for a name or a ratio that is none. */
export function samplerOf(text: string | undefined, argument: string | undefined): Sampler {
  const given = text === undefined || text === "" ? "parentbased_always_on" : text.trim().toLowerCase();
  const isParentBased = given.startsWith(PARENT_BASED);
  const name = NAMES.find((each) => each === given.slice(isParentBased ? PARENT_BASED.length : 0));
  if (name === undefined) {
    const all = NAMES.flatMap((each) => [each, PARENT_BASED + each]).join(", ");
    throw new TypeError(`OTEL_TRACES_SAMPLER: ${given} is none of ${all}`);
  }
  const root = rootSampler(name, argument);
  return {
    isSampled: (traceId, parent) => (isParentBased && parent !== undefined ? parent : root(traceId)),
  };
}

function rootSampler(name: Name, argument: string | undefined): (traceId: string) => boolean {
  if (name !== "traceidratio") return () => name === "always_on";
  const ratio = argument === undefined || argument === "" ? 1 : Number(argument);
  if (!(ratio >= 0 && ratio <= 1))
    throw new TypeError(`OTEL_TRACES_SAMPLER_ARG: ${String(argument)} is no number from 0 to 1`);
  return (traceId) => Number.parseInt(traceId.slice(-RATIO_DIGITS), 16) / 16 ** RATIO_DIGITS < ratio;
}
