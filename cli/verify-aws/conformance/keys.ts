/** Whether a key reaches the handler as it was sent: it passes a URL, an HTTP API, a signature and an event. */
import { Unmet } from "../check.ts";
import type { StackAtHand, Verification } from "../verification.ts";

const LONGEST = "k".repeat(1024);
const KEYS = ["a/b", "%2F", "100%", "a b", "a+b", "ü", "a//b", "..", "a;b=c", "{a}", LONGEST] as const;
/** docs/emulators.md: an HTTP API is said to cut the path there. What it does is noted, and is no failure. */
const DOUBTFUL = ["a?b", "a#b"] as const;
const SHOWN_CHARS = 24;

/** Dots are escaped as well: a segment of dots alone would be taken out of a path. */
const segment = (key: string): string => encodeURIComponent(key).replaceAll(".", "%2E");
const shown = (key: string): string => JSON.stringify(key.slice(0, SHOWN_CHARS));

export async function keys({ ledger }: Verification, { ingress }: StackAtHand): Promise<void> {
  const arrives = async (key: string): Promise<string> => {
    const { status, body } = await ingress.post(`/Keys/${segment(key)}/key`);
    if (status !== 200) return `status ${status}`;
    const hex = JSON.parse(body.toString()) as string;
    return Buffer.from(hex, "hex").toString() === key
      ? "the same"
      : shown(Buffer.from(hex, "hex").toString());
  };
  await ledger.check("conformance", "keys reach the handler as they are sent", async (note) => {
    const seen = await Promise.all(KEYS.map(async (key) => [key, await arrives(key)] as const));
    const others = seen.filter(([, found]) => found !== "the same");
    for (const key of DOUBTFUL) note(`key ${shown(key)}`, await arrives(key));
    if (others.length === 0) return;
    throw new Unmet(
      others.map(([key]) => shown(key)).join(", "),
      others.map(([, found]) => found).join(", "),
    );
  });
}
