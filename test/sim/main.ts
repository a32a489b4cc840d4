/** `npm run sim`: see README.md. */
import { parseOptions, USAGE } from "./options.ts";
import { replay, searchSeeds } from "./report.ts";

async function main(): Promise<boolean> {
  const options = parseOptions(process.argv.slice(2));
  switch (options.mode) {
    case "replay":
      return await replay(options);
    case "seeds":
      return await searchSeeds(options);
    default:
      throw new RangeError("not yet");
  }
}

try {
  process.exitCode = (await main()) ? 0 : 1;
} catch (error) {
  console.error(error instanceof RangeError ? `${error.message}\n\n${USAGE}` : error);
  process.exitCode = 2;
}
