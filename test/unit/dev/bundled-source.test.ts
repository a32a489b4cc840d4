// Files in a bundle know their own places, and whether they were started.
import { expect, test } from "vitest";
import { placed } from "../../../runtime/dev/bundled-source.ts";

const PATH = "/shop/src/app.ts";
const evaluated = (source: string, isMain: boolean): unknown =>
  // oxlint-disable-next-line typescript/no-implied-eval
  new Function(`${placed(source, PATH, isMain)}\nreturn result;`)();

test.each<[string, unknown]>([
  ["import.meta.url", "file:///shop/src/app.ts"],
  ["import.meta.filename", PATH],
  ["import.meta.dirname", "/shop/src"],
  ["import.meta.main", true],
  ["__dirname + __filename", `/shop/src${PATH}`],
  ["require.main === module", true],
  ["module == require.main", true],
  ["require.main !== module", false],
])("%s", (expression, value) => {
  expect(evaluated(`const result = ${expression};`, true)).toBe(value);
});

test("a file that is imported was not started", () => {
  expect(evaluated("const result = [import.meta.main, require.main === module];", false)).toEqual([
    false,
    false,
  ]);
});

test("a file may declare __filename itself", () => {
  expect(evaluated("const __filename = import.meta.filename; const result = __filename;", true)).toBe(PATH);
  expect(placed("const { __dirname } = x;", PATH, true)).toBe("const { __dirname } = x;");
});

test("lines stay the lines, and a first line that names a program stays the first", () => {
  const shown = placed("#!/usr/bin/env node\nuse(__dirname);\nthrow 1;\n", PATH, true).split("\n");
  expect(shown).toHaveLength(4);
  expect(shown[0]).toBe("#!/usr/bin/env node");
  expect(shown[2]).toBe("throw 1;");
});

test("text that mentions them is still text", () => {
  expect(evaluated('const result = "import.meta.url".length > 0;', true)).toBe(true);
});
