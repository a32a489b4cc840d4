/** `handlers`: handlers with options, and shared ones. A namespace, as Restate's is: `import shared = handlers.object.shared`. */
export { plainHandler as handler } from "../definition.ts";
export * as object from "./object.ts";
export * as workflow from "./workflow.ts";
