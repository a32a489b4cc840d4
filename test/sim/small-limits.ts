/**
 * Makes the product's limits small while it is loaded. Then a few hundred bytes are too many for one item, message or
 * head, and runs cross every limit cheaply. Call it before you import anything of the product.
 */
import { plant } from "./plant.ts";

let areSmall = false;
/** For threads, which load the product anew. */
export const limitsAreSmall = (): boolean => areSmall;

export function useSmallLimits(): void {
  areSmall = true;
  plant({
    name: "small limits",
    file: "lib/limits.ts",
    changes: [
      ["VALUE_ITEM_BYTES_MAX = 256 * 1024;", "VALUE_ITEM_BYTES_MAX = 1400;"],
      ["MESSAGE_PAYLOAD_BYTES_MAX = 256 * 1024;", "MESSAGE_PAYLOAD_BYTES_MAX = 1200;"],
      ["INLINE_RESULT_BYTES_MAX = 64 * 1024;", "INLINE_RESULT_BYTES_MAX = 1300;"],
      ["READ_AHEAD_BYTES_MAX = 8 * 1024 * 1024;", "READ_AHEAD_BYTES_MAX = 3000;"],
    ].map(([find = "", replace = ""]) => ({ find, replace })),
  });
}
