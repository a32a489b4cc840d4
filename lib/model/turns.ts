/**
 * The turns of an invocation, for people: the history of its attempts (docs/decisions/0031-times.md).
 *
 * Job: reads what the head keeps of them, and bounds it. Boundary: no decision of the engine looks at it. A head without it is as
 * good.
 *
 * Bounds: the first TURNS_FIRST_MAX turns and the last TURNS_LAST_MAX, TURNS_BYTES_MAX together. Messages are cut before a turn is
 * left out; what is left out is counted.
 */
import { TURN_MESSAGE_CHARS_MAX, TURNS_BYTES_MAX, TURNS_FIRST_MAX, TURNS_LAST_MAX } from "../limits.ts";
import { hasFailed, KINDS, LEFT_OUT, putTurn, TURN_ENDS, type TurnRecord } from "./turn-record.ts";
import { NumberReader, putNumber } from "./varint.ts";

export interface Turns {
  /** If some are left out: those before them. */
  readonly first: readonly TurnRecord[];
  readonly leftOut: number;
  readonly last: readonly TurnRecord[];
}

const NONE: Turns = { first: [], leftOut: 0, last: [] };

/** Of a head that has none of them, too. One that has another behind it and has not ended has died, nobody knows when. */
export function turnsIn(stored: Uint8Array | undefined, acceptedAtMs: number): Turns {
  if (!stored) return NONE;
  const reader = new NumberReader(stored);
  let first: TurnRecord[] = [];
  let last: TurnRecord[] = [];
  let leftOut = 0;
  while (!reader.isAtEnd) {
    const number = reader.next();
    const [kind, value] = [number % KINDS, Math.floor(number / KINDS)];
    if (kind === LEFT_OUT) [first, last, leftOut] = [last, [], value];
    else last.push(turnOf(reader, kind, acceptedAtMs + value));
  }
  const isLast = (turn: TurnRecord): boolean => turn === last.at(-1);
  const dead = (turn: TurnRecord): TurnRecord =>
    turn.end === "running" && !isLast(turn) ? { ...turn, end: "died" } : turn;
  return { first: first.map(dead), leftOut, last: last.map(dead) };
}

function turnOf(reader: NumberReader, kind: number, fromMs: number): TurnRecord {
  const end = TURN_ENDS[kind] ?? "died";
  if (end === "running") return { end, fromMs };
  const turn = { end, fromMs, untilMs: fromMs + reader.next() };
  if (!hasFailed(turn)) return turn;
  const code = reader.next();
  const message = new TextDecoder().decode(reader.take(reader.next()));
  return { ...turn, ...(code === 0 ? {} : { code }), ...(message === "" ? {} : { message }) };
}

export const lastTurn = ({ last }: Turns): TurnRecord | undefined => last.at(-1);

/** One more of them. */
export const turnsWith = (turns: Turns, turn: TurnRecord): Turns => ({
  ...turns,
  last: [...turns.last, turn],
});

/** The same, with another in place of the last one. */
export const turnsEndingWith = (turns: Turns, turn: TurnRecord): Turns => ({
  ...turns,
  last: [...turns.last.slice(0, -1), turn],
});

/** As the head keeps them: within the bounds. */
export function storedTurns(turns: Turns, acceptedAtMs: number): Uint8Array {
  let kept = fewer(turns, turns.last.length - TURNS_LAST_MAX - (turns.leftOut > 0 ? 0 : TURNS_FIRST_MAX));
  let stored: Uint8Array = new Uint8Array(0);
  for (const chars of [TURN_MESSAGE_CHARS_MAX, TURN_MESSAGE_CHARS_MAX / 4, 0]) {
    kept = withMessages(kept, chars);
    stored = encoded(kept, acceptedAtMs);
    if (stored.byteLength <= TURNS_BYTES_MAX) return stored;
  }
  while (stored.byteLength > TURNS_BYTES_MAX && kept.last.length > 1) {
    kept = fewer(kept, 1);
    stored = encoded(kept, acceptedAtMs);
  }
  return stored;
}

/** Without that many of those behind the first ones. */
function fewer(turns: Turns, count: number): Turns {
  if (count <= 0) return turns;
  const { first, leftOut, last } =
    turns.leftOut > 0
      ? turns
      : { ...turns, first: turns.last.slice(0, TURNS_FIRST_MAX), last: turns.last.slice(TURNS_FIRST_MAX) };
  return { first, leftOut: leftOut + count, last: last.slice(count) };
}

/** The last failure keeps more of its message than the others. */
function withMessages({ first, leftOut, last }: Turns, chars: number): Turns {
  const latest = [...first, ...last].findLast(hasFailed);
  const cut = (turn: TurnRecord): TurnRecord => {
    const { message, ...rest } = turn;
    const max = turn === latest ? Math.max(chars, TURN_MESSAGE_CHARS_MAX / 2) : chars;
    return message === undefined || max === 0 ? rest : { ...rest, message: message.slice(0, max) };
  };
  return { first: first.map(cut), leftOut, last: last.map(cut) };
}

function encoded({ first, leftOut, last }: Turns, acceptedAtMs: number): Uint8Array {
  const bytes: number[] = [];
  for (const turn of first) putTurn(bytes, acceptedAtMs, turn);
  if (leftOut > 0) putNumber(bytes, KINDS * leftOut + LEFT_OUT);
  for (const turn of last) putTurn(bytes, acceptedAtMs, turn);
  return Uint8Array.from(bytes);
}
