/** A step is recorded as one result. What it does with the context cannot be recorded inside of it. */
import { around, isContext, ruleOf } from "../durable.ts";
import { child, children, memberName, type Node, parentOf } from "../syntax.ts";

/** They record nothing. */
const ALLOWED = new Set(["console", "request", "key"]);

export const noCtxInsideStep = ruleOf(
  "Do not use the context inside of a step",
  {
    used: "{{what}} is used inside of ctx.run. A step is recorded as one result, so nothing inside of it can be recorded. Move it out, before or behind the step.",
    passed:
      "The context is passed on inside of ctx.run. Pass what the step needs as plain values, and call this outside of the step.",
  },
  (context) => ({
    Identifier(node: Node) {
      const parent = parentOf(node);
      if (!parent || parent.type === "Property" || !isContext(context, node)) return;
      const { step, handler } = around(context, node);
      if (step === undefined || handler === undefined || isParameter(parent, node)) return;
      const name = memberName(parent);
      if (name === undefined) return context.report({ node, messageId: "passed" });
      if (child(parent, "object") === node && !ALLOWED.has(name))
        context.report({ node, messageId: "used", data: { what: `ctx.${name}` } });
    },
  }),
);

const isParameter = (parent: Node, node: Node): boolean => children(parent, "params").includes(node);
