/**
 * `perdure/lint`: a plugin for ESLint (flat config) and oxlint (`jsPlugins`), with what no type can tell of handlers. It has no
 * dependency, and looks only at files that import Perdure or Restate's SDK.
 *
 * ```js
 * // eslint.config.js
 * import perdure from "perdure/lint";
 * export default [perdure.configs.recommended];
 * ```
 */
import { PACKAGE_VERSION } from "../../lib/version.ts";
import { noCtxInsideStep } from "./rules/no-ctx-inside-step.ts";
import { noNativeRace } from "./rules/no-native-race.ts";
import { noNondeterminism } from "./rules/no-nondeterminism.ts";
import { noSharedState } from "./rules/no-shared-state.ts";
import { noUnawaitedOperation } from "./rules/no-unawaited-operation.ts";
import { noUntypedJson } from "./rules/no-untyped-json.ts";
import type { Rule } from "./syntax.ts";

const NAME = "perdure";

const RULES = {
  "no-unawaited-operation": noUnawaitedOperation,
  "no-ctx-inside-step": noCtxInsideStep,
  "no-native-race": noNativeRace,
  "no-nondeterminism": noNondeterminism,
  "no-shared-state": noSharedState,
  "no-untyped-json": noUntypedJson,
} satisfies Record<string, Rule>;

const plugin = { meta: { name: "perdure/lint", namespace: NAME, version: PACKAGE_VERSION }, rules: RULES };

/** All rules, as errors. */
const recommended = {
  name: "perdure/recommended",
  plugins: { [NAME]: plugin },
  rules: Object.fromEntries(Object.keys(RULES).map((rule) => [`${NAME}/${rule}`, "error" as const])),
};

export default { ...plugin, configs: { recommended } };
