/** A process for the examples, beside that of the corpus. They print what they do; here nobody reads it. */
import { exampleRows } from "./example-rows.ts";

console.log = () => undefined;
await exampleRows(Number(process.argv[2]), (row) => void process.send?.(row));
process.disconnect?.();
