/** Where a topic's subscription is to read on from, as somebody has typed it. */
export type AimKind = "earliest" | "latest" | "time" | "offsets";

export interface Aim {
  readonly kind: AimKind;
  readonly text: string;
}

/** As the admin API takes it; or what is wrong. */
export function aimOf({ kind, text }: Aim): { readonly target: unknown } | { readonly fault: string } {
  if (kind === "earliest" || kind === "latest") return { target: kind };
  if (kind === "time") {
    const at = new Date(text);
    return Number.isNaN(at.getTime()) ? { fault: "Say which time." } : { target: at.toISOString() };
  }
  const pairs = text.split(/[\s,]+/u).filter((pair) => pair !== "");
  if (pairs.length === 0) return { fault: "Say at least one offset, such as 0=42." };
  const wrong = pairs.find((pair) => !/^\d+=\d+$/u.test(pair));
  if (wrong !== undefined) return { fault: `${wrong} is no partition=offset, such as 0=42.` };
  return { target: Object.fromEntries(pairs.map((pair) => pair.split("="))) };
}
