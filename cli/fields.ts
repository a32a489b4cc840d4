/** What a server has answered to a command. */
import { AnswerFields as Fields } from "../lib/answer-fields.ts";
import { CommandError } from "./exit.ts";

/** Throws {@link CommandError} if a field is not what it should be. */
export class AnswerFields extends Fields {
  protected override unexpected(message: string): Error {
    return new CommandError(message);
  }
}
