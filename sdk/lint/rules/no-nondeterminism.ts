/** Code of a handler outside of steps runs in each attempt. What is not the same each time belongs into a step. */
import { around, ruleOf } from "../durable.ts";
import {
  child,
  children,
  identifierIn,
  importOf,
  isGlobal,
  memberName,
  type Node,
  type RuleContext,
} from "../syntax.ts";

const RANDOM = "ctx.rand.random(), or take it in ctx.run";
const ID = "ctx.rand.uuidv4(), or take it in ctx.run";
const TIME = "await ctx.date.now(), or take it in ctx.run";
const SLEEP = "await ctx.sleep(...)";
const STEP = "await ctx.run(name, () => ...)";

/** Members of globals. */
const MEMBERS: Readonly<Record<string, string>> = {
  "Math.random": RANDOM,
  "Date.now": TIME,
  "performance.now": TIME,
  "crypto.randomUUID": ID,
  "crypto.getRandomValues": RANDOM,
};
const GLOBALS: Readonly<Record<string, string>> = {
  setTimeout: SLEEP,
  setInterval: "a loop with await ctx.sleep(...)",
  fetch: STEP,
  Date: TIME,
};
const RANDOM_MODULES = new Set(["node:crypto", "crypto", "uuid", "nanoid"]);
const RANDOM_NAMES = new Set(["randomUUID", "randomBytes", "randomInt", "v1", "v4", "v7", "nanoid"]);
/** Packages whose functions reach out of the process. */
const IO_MODULES =
  /^(?:node:)?(?:fs|fs\/promises|http|https|net|dgram|dns|dns\/promises|child_process)$|^(?:axios|got|ky|undici|node-fetch|nodemailer|pg|mysql2|mysql2\/promise|mongodb|redis|ioredis)$/u;
const TIMER_MODULES = /^(?:node:)?timers(?:\/promises)?$/u;
/** They touch nothing outside. */
const HARMLESS = new Set(["existsSync", "isIP"]);

interface Found {
  readonly what: string;
  readonly instead: string;
}

function ofGlobal(context: RuleContext, callee: Node): Found | undefined {
  const object = child(callee, "object");
  const named = object ?? callee;
  if (named.type !== "Identifier" || !isGlobal(context, named)) return undefined;
  const name = identifierIn(named) ?? "";
  const member = memberName(callee);
  const what = object ? `${name}.${member}` : name;
  const instead = (object ? MEMBERS : GLOBALS)[what];
  return instead === undefined ? undefined : { what: `${what}()`, instead };
}

function ofImport(context: RuleContext, callee: Node): Found | undefined {
  const object = child(callee, "object");
  const named = object ?? callee;
  if (named.type !== "Identifier") return undefined;
  const source = importOf(context, named);
  const name = memberName(callee) ?? identifierIn(callee) ?? "";
  if (source === undefined || HARMLESS.has(name)) return undefined;
  const what = `${object ? `${identifierIn(object)}.` : ""}${name}()`;
  if (RANDOM_MODULES.has(source) && RANDOM_NAMES.has(name)) return { what, instead: ID };
  if (TIMER_MODULES.test(source)) return { what, instead: SLEEP };
  return IO_MODULES.test(source) ? { what, instead: STEP } : undefined;
}

export const noNondeterminism = ruleOf(
  "Keep what is not the same in each attempt inside of steps",
  {
    found: "{{what}} is not the same in each attempt, and this code runs in each. Write {{instead}}.",
  },
  (context) => {
    const look = (node: Node, found: Found | undefined): void => {
      if (!found) return;
      const { step, handler } = around(context, node);
      if (handler !== undefined && step === undefined)
        context.report({ node, messageId: "found", data: { ...found } });
    };
    return {
      CallExpression(node) {
        const callee = child(node, "callee");
        if (callee) look(node, ofGlobal(context, callee) ?? ofImport(context, callee));
      },
      NewExpression(node) {
        const callee = child(node, "callee");
        if (identifierIn(callee) !== "Date" || !callee || !isGlobal(context, callee)) return;
        if (children(node, "arguments").length === 0)
          look(node, {
            what: "new Date()",
            instead: "new Date(await ctx.date.now()), or take it in ctx.run",
          });
      },
    };
  },
);
