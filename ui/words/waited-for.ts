/** `waiting_on` of an invocation, as a person would say it. */

const AWAKEABLE = /\bawakeable (sign_[\w-]+|prom_[\w-]+)/u;
const PROMISE = /\bpromise ("(?:[^"\\]|\\.)*")/gu;

/** The first awakeable in it, to be resolved by its id. */
export const awakeableIn = (waitingOn: string | undefined): string | undefined =>
  AWAKEABLE.exec(waitingOn ?? "")?.[1];

/** Names of the promises in it. */
export const promisesIn = (waitingOn: string | undefined): readonly string[] =>
  [...(waitingOn ?? "").matchAll(PROMISE)].map(([, quoted = '""']) => unquoted(quoted));

function unquoted(quoted: string): string {
  try {
    const text: unknown = JSON.parse(quoted);
    return typeof text === "string" ? text : quoted;
  } catch {
    return quoted.slice(1, -1);
  }
}

/** `an awakeable`, `a call`, `the promise “approved”`; anything else as it is. */
export function waitedForInWords(waitingOn: string): string {
  const [, name] = /^promise ("(?:[^"\\]|\\.)*")$/u.exec(waitingOn) ?? [];
  if (name !== undefined) return `the promise “${unquoted(name)}”`;
  if (/^awakeable sign_[\w-]+$/u.test(waitingOn)) return "an awakeable";
  if (/^call \(command \d+\)$/u.test(waitingOn)) return "a call";
  if (/^sleep \(command \d+\)$/u.test(waitingOn)) return "a sleep";
  return waitingOn.replaceAll(AWAKEABLE_ALL, "an awakeable");
}
const AWAKEABLE_ALL = /\bawakeable sign_[\w-]+/gu;
