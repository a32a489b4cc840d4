/** A table of a page: its head, and rows that become cards on a phone. */
import type { ComponentChildren } from "preact";

/** A heading; with a class, such as `r` for what is aligned at the right; or that of the actions, which only readers of the screen get. */
export type Heading = string | { readonly name: string; readonly class: string } | { readonly actions: true };

interface TableProps {
  /** Says how wide its columns are. */
  readonly class: string;
  readonly head: readonly Heading[];
  readonly children: ComponentChildren;
}

export const Table = ({ class: name, head, children }: TableProps) => (
  <table class={`cards ${name}`}>
    <thead>
      <tr>
        {head.map((heading, index) => (
          <HeadCell key={index} of={heading} />
        ))}
      </tr>
    </thead>
    <tbody>{children}</tbody>
  </table>
);

function HeadCell({ of }: { readonly of: Heading }) {
  if (typeof of === "string") return <th>{of}</th>;
  if ("actions" in of)
    return (
      <th>
        <span class="sr">Actions</span>
      </th>
    );
  return <th class={of.class}>{of.name}</th>;
}
