/** What a function does before it answers, under a symbol of the process: see turn/turn-trace.ts. */
const ON_ANSWER = Symbol.for("perdure.answer");

interface Answering {
  [ON_ANSWER]?: () => Promise<void>;
}

export const onAnswer = (work: () => Promise<void>): void => {
  (globalThis as Answering)[ON_ANSWER] = work;
};

/** Nothing, where nothing is traced. */
export const beforeAnswer = async (): Promise<void> => await (globalThis as Answering)[ON_ANSWER]?.();
