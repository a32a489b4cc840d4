/** The templates of `perdure init`: what each is, and its first call. Their files are in `templates/`. */
import { existsSync } from "node:fs";
import { join } from "node:path";
import type { Dependency } from "./versions.ts";

export interface Template {
  readonly name: string;
  /** What it shows, in a few words. */
  readonly about: string;
  readonly dependencies: readonly Dependency[];
  /** The first call: its path, its input as JSON (none: no input), and the answer. */
  readonly call: { readonly path: string; readonly input?: string; readonly answer: string };
  /** What its README says of it, in Markdown. */
  readonly story: string;
}

export const TEMPLATES = [
  {
    name: "greeter",
    about: "a service with two recorded steps and a wait between them",
    dependencies: [],
    call: { path: "Greeter/greet", input: '"Ada"', answer: '"Hello, Ada!", or another greeting' },
    story:
      "`Greeter/greet` chooses a greeting, waits a second, and writes it. Raise the wait to a minute, call it, and kill the server with `kill -9` meanwhile. Start it again: the call goes on, and the greeting is the one that was chosen first.",
  },
  {
    name: "order",
    about: "a saga: an order that is charged, reserved and shipped, or undone",
    dependencies: ["zod"],
    call: {
      path: "Order/o-1/place",
      input: '{"item":"tea","cents":500}',
      answer: '{"payment":"pay-o-1","parcel":"parcel-o-1"}, after the five seconds that packing takes',
    },
    story:
      "`Order` is a virtual object: one for each order number, with its own state, one call at a time. `place` is a saga. Order a `unicorn`, which is out of stock, and see what is undone. `src/systems.ts` stands for the other systems.",
  },
  {
    name: "agent",
    about: "an AI agent with tools and a person's approval, on the Vercel AI SDK (no key needed)",
    dependencies: ["ai", "zod"],
    call: {
      path: "Agent/c-1/ask",
      input: '"Where is order o-1?"',
      answer: '"o-1 is on its way"',
    },
    story:
      'Each call of the model and each tool is a recorded step: `src/durable.ts` is the middleware that makes it so. After a crash none of them is paid twice. Ask for `"Please pay back 90 euro for o-2"`: the agent waits for a person, and the server prints the command that answers. `src/model.ts` is a stand-in for a model. Put a real one there.',
  },
  {
    name: "empty",
    about: "one service with one handler, to begin with",
    dependencies: [],
    call: { path: "App/hello", answer: '"Hello!"' },
    story: "One service with one handler. Make it yours.",
  },
] as const satisfies readonly Template[];

/** In a checkout, in the installed package, and in create-perdure's one file. */
const PLACES = ["../../templates", "../../../templates", "templates"];

/** The folder with the templates' files. Throws `Error` if the package is not whole. */
export function templatesFolder(): string {
  const found = PLACES.map((place) => join(import.meta.dirname, place)).find((place) =>
    existsSync(join(place, "base", "tsconfig.json")),
  );
  if (found === undefined)
    throw new Error("the files of the templates are missing. Install the package again.");
  return found;
}
