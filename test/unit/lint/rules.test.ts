/** Each rule says what is wrong, and only that: in oxlint, which reads TypeScript, and in ESLint. */
import { Linter, RuleTester as EslintTester } from "eslint";
import { RuleTester as OxlintTester } from "oxlint/plugins-dev";
import plugin from "perdure/lint";
import { describe, expect, test } from "vitest";
import { readPage } from "../docs/page.ts";
import { type Cases, CASES, handler, TYPED } from "./cases.ts";

for (const Tester of [EslintTester, OxlintTester]) {
  Tester.describe = describe;
  Tester.it = test;
}

const RULES = Object.entries(plugin.rules);
const tests = ({ valid, invalid }: Cases) => ({
  valid: [...valid],
  invalid: invalid.map(([code, ...ids]) => ({ code, errors: ids.map((messageId) => ({ messageId })) })),
});

describe.each(RULES)("%s", (name, rule) => {
  const cases = CASES[name];
  if (!cases) throw new Error(`there are no cases for ${name}`);
  describe("in ESLint", () => {
    new EslintTester({ languageOptions: { ecmaVersion: 2024, sourceType: "module" } }).run(
      name,
      rule,
      tests(cases),
    );
  });
  describe("in oxlint", () => {
    const tester = new OxlintTester({ languageOptions: { parserOptions: { lang: "ts" } } });
    tester.run(name, rule, tests(cases));
    const typed = TYPED[name];
    if (typed) tester.run(`${name} with types`, rule, tests(typed));
  });
});

test("each message says what to write", () => {
  for (const [name, { meta }] of RULES)
    for (const text of Object.values(meta.messages))
      expect(text, name).toMatch(/Write|Return|Use|Store|Pass|Move/u);
});

test("the recommended config has all rules", () => {
  const { recommended } = plugin.configs;
  expect(Object.keys(recommended.rules)).toEqual(RULES.map(([name]) => `perdure/${name}`));
  expect(recommended.plugins.perdure.rules).toBe(plugin.rules);
});

describe("its page shows what it says:", () => {
  test.each(RULES)("%s", (name) => {
    const { fragments } = readPage(`docs/lint/${name}.md`);
    const said = fragments.map(({ text }) => {
      const body = text.slice(
        text.indexOf("Promise<unknown> {") + "Promise<unknown> {".length,
        text.lastIndexOf("return undefined"),
      );
      return new Linter()
        .verify(handler(body), [plugin.configs.recommended])
        .map(({ ruleId, message }) => ruleId ?? message);
    });
    expect(said).toHaveLength(2);
    expect(said[0]?.length).toBeGreaterThan(0);
    expect(new Set(said[0])).toEqual(new Set([`perdure/${name}`]));
    expect(said[1]).toEqual([]);
  });
});
