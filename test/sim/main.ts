/** `npm run sim`: see README.md. */
import { PRODUCT_LIMITS, USAGE } from "./options.ts";
import { useSmallLimits } from "./small-limits.ts";

/** Errors are made in great number and looked at rarely. */
Error.stackTraceLimit = 6;
if (!process.argv.includes(PRODUCT_LIMITS)) useSmallLimits();

try {
  // Only now: it loads the product.
  const { command } = await import("./command.ts");
  process.exitCode = (await command()) ? 0 : 1;
} catch (error) {
  console.error(error instanceof RangeError ? `${error.message}\n\n${USAGE}` : error);
  process.exitCode = 2;
}
