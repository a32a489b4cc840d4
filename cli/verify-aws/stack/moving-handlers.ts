/** The function that serves both. */
import { moves, stays } from "./moves.ts";

export default [stays, moves];
