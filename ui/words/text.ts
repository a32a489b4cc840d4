/**
 * Names and messages as they may be shown. They come from the network: a control character must not hide what follows, and a
 * character that turns the direction of writing must not make a name look like another one.
 */
const UNSEEN = /(?![\t\n])[\p{Cc}\p{Cf}\p{Zl}\p{Zp}]/gu;

/** Characters that nobody sees, as their number: `⟨U+202E⟩`. Tabs and the ends of lines stay. */
export const visible = (text: string): string =>
  text.replaceAll(
    UNSEEN,
    (character) => `⟨U+${(character.codePointAt(0) ?? 0).toString(16).toUpperCase().padStart(4, "0")}⟩`,
  );

/** The same in one line: a name whose line ends were not seen would look like another one. */
export const visibleName = (text: string): string =>
  visible(text).replaceAll("\n", "⟨U+000A⟩").replaceAll("\t", "⟨U+0009⟩");

const START = 9;
const END = 4;
/** An id's two ends: enough to tell it from others. */
export const shortId = (id: string): string =>
  id.length <= START + END + 1 ? id : `${id.slice(0, START)}…${id.slice(-END)}`;

/** `1 step`, `2 steps`. */
export const counted = (count: number, noun: string): string =>
  `${count.toLocaleString("en-GB")} ${noun}${count === 1 ? "" : "s"}`;

/** What was thrown, in words. */
export const messageOf = (error: unknown): string => (error instanceof Error ? error.message : String(error));

const UNITS = ["bytes", "KB", "MB", "GB"];
/** `318 bytes`, `2.1 KB`. */
export function bytesInWords(bytes: number): string {
  let [value, unit] = [bytes, 0];
  while (value >= 1000 && unit < UNITS.length - 1) [value, unit] = [value / 1000, unit + 1];
  return `${unit === 0 ? value : value.toPrecision(value < 10 ? 2 : 3)} ${UNITS[unit]}`;
}
