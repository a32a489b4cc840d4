/** `Order/ord-7731/checkout`, `Greeter/greet`: how a target is called wherever people read it. The key is as it is. */
export const targetText = ({ service, key, handler }: Named): string =>
  key === undefined || key === null ? `${service}/${handler}` : `${service}/${key}/${handler}`;

/** A target, or the call of a journal. */
interface Named {
  readonly service: string;
  readonly handler: string;
  readonly key?: string | null;
}
