/** A plugin of vitest that changes the source of one module, as a {@link Patch} says: `npm run mutate` runs tests under it. */
import { join } from "node:path";
import type { Patch } from "../sim/plant.ts";

/** A patch, in JSON. */
export const PLANT = "PERDURE_PLANT";
const ROOT = join(import.meta.dirname, "../..");

/** None without {@link PLANT}. */
export function planting() {
  const text = process.env[PLANT];
  if (text === undefined) return [];
  const { file, changes } = JSON.parse(text) as Patch;
  return [
    {
      name: "plant",
      enforce: "pre" as const,
      transform(code: string, id: string): string | undefined {
        if (id.split("?")[0] !== join(ROOT, file)) return undefined;
        return changes.reduce((source, { find, replace }) => source.replace(find, () => replace), code);
      },
    },
  ];
}
