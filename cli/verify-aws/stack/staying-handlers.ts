/** The same function, after one of them has moved. */
export { stays as default } from "./moves.ts";
