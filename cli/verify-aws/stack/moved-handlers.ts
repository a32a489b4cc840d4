/** The function to which one of them has moved. */
export { moves as default } from "./moves.ts";
