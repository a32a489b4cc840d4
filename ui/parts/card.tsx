/** A part of a page with a heading. */
import type { ComponentChildren } from "preact";

interface CardProps {
  readonly title?: string;
  /** Beside the title, at the right. */
  readonly aside?: ComponentChildren;
  readonly children: ComponentChildren;
  readonly id?: string;
}

export const Card = ({ title, aside, children, id }: CardProps) => (
  <section
    class="card"
    {...(id === undefined ? {} : { id })}
    {...(title !== undefined && { "aria-label": title })}
  >
    {title !== undefined && (
      <header>
        <h2 class="grow">{title}</h2>
        {aside}
      </header>
    )}
    {children}
  </section>
);

/** Pairs of a name and a value. */
export const Facts = ({ of }: { readonly of: readonly (readonly [string, ComponentChildren])[] }) => (
  <dl class="facts pad">
    {of.map(([name, value]) => (
      <>
        <dt key={name}>{name}</dt>
        <dd>{value}</dd>
      </>
    ))}
  </dl>
);
