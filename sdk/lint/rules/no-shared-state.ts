/** What a handler keeps in a variable is gone with its process, is not the same in another one, and is done again by a replay. */
import { around, ruleOf } from "../durable.ts";
import {
  child,
  identifierIn,
  memberName,
  type Node,
  type RuleContext,
  type Variable,
  variableOf,
} from "../syntax.ts";

const MUTATORS = new Set([
  ...["set", "add", "delete", "clear", "push", "pop"],
  ...["shift", "unshift", "splice", "sort", "reverse", "fill"],
]);
const COLLECTIONS = new Set(["Map", "Set", "WeakMap", "WeakSet"]);

/** The variable at the root of `a.b[c]`. */
function rootOf(node: Node | undefined): Node | undefined {
  let at = node;
  while (at?.type === "MemberExpression") at = child(at, "object");
  return at?.type === "Identifier" ? at : undefined;
}

const isModuleLevel = ({ scope }: Variable): boolean => scope.type === "module" || scope.type === "global";

/** Whether a constant holds something that is made here to be changed. */
function isCollection(variable: Variable): boolean {
  const init = child(variable.defs[0]?.node, "init");
  if (init?.type === "NewExpression") return COLLECTIONS.has(identifierIn(child(init, "callee")) ?? "");
  return init?.type === "ArrayExpression" || init?.type === "ObjectExpression";
}

export const noSharedState = ruleOf(
  "Keep state in the context, and take results of steps from what they return",
  {
    module:
      "`{{name}}` belongs to the whole process: other invocations see it, another process does not, and each attempt changes it again. Use ctx.get and ctx.set of an object, or return it from a step.",
    step: "`{{name}}` is set inside of a step. A replay does not run the step again, so it is not set then. Return the value from the step: `const {{name}} = await ctx.run(...)`.",
  },
  (context: RuleContext) => {
    function changed(node: Node, target: Node | undefined): void {
      const root = rootOf(target);
      const variable = root && variableOf(context, root);
      if (!variable || variable.defs.length === 0) return;
      const { step, handler } = around(context, node);
      if (handler === undefined) return;
      const data = { name: variable.name };
      if (isModuleLevel(variable)) {
        const isAssigned = target?.type === "Identifier";
        if (step === undefined && (isAssigned || isCollection(variable)))
          context.report({ node, messageId: "module", data });
      } else if (step && isWithin(variable, handler) && !isWithin(variable, step))
        context.report({ node, messageId: "step", data });
    }
    return {
      AssignmentExpression: (node) => changed(node, child(node, "left")),
      UpdateExpression: (node) => changed(node, child(node, "argument")),
      CallExpression(node) {
        const callee = child(node, "callee");
        const name = memberName(callee);
        const object = child(callee, "object");
        if (name === undefined || !MUTATORS.has(name) || object?.type !== "Identifier") return;
        const variable = variableOf(context, object);
        if (variable && isCollection(variable)) changed(node, callee);
      },
    };
  },
);

interface Placed extends Node {
  readonly range?: readonly [from: number, until: number];
}

/** Whether a variable is defined inside of something. */
function isWithin({ defs }: Variable, place: Placed): boolean {
  const name: Placed | undefined = defs[0]?.name;
  if (!name?.range || !place.range) return false;
  return name.range[0] >= place.range[0] && name.range[1] <= place.range[1];
}
