/** Two texts and what is different, line by line: marked by a sign and by a colour. */
import { lineDiff } from "../words/line-diff.ts";
import { indented } from "../words/json-layout.ts";
import { visible } from "../words/text.ts";

interface DiffProps {
  readonly before: string | undefined;
  readonly after: string | undefined;
  readonly title?: string;
}

const SIGNS = { same: " ", gone: "−", new: "+" } as const;
const CLASSES = { same: undefined, gone: "del", new: "add" } as const;

export const Diff = ({ before, after, title }: DiffProps) => (
  <div class="diff" {...(title !== undefined && { role: "group", "aria-label": title })}>
    {lineDiff(
      before === undefined ? undefined : indented(before),
      after === undefined ? undefined : indented(after),
    ).map(({ kind, text }, index) => (
      <div key={index} class={CLASSES[kind]}>
        {kind !== "same" && <span class="sr">{kind}: </span>}
        {SIGNS[kind]} {visible(text)}
      </div>
    ))}
  </div>
);
