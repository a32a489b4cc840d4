/** `npm run sim`: see README.md. */
import { parseOptions, USAGE } from "./options.ts";
import { searchPlanted } from "./planted-search.ts";
import { replay, searchSeeds } from "./report.ts";

async function planted(only: string | undefined): Promise<boolean> {
  const caught = await searchPlanted(only);
  const missed = caught.filter(({ seed }) => seed === undefined);
  console.log(`${caught.length} planted bugs, ${caught.length - missed.length} caught, ${missed.length} missed`);
  return missed.length === 0;
}

async function main(): Promise<boolean> {
  const options = parseOptions(process.argv.slice(2));
  switch (options.mode) {
    case "replay":
      return await replay(options);
    case "seeds":
      return await searchSeeds(options);
    case "planted":
      return await planted(options.only);
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
