/** Names from the network: isolated from the text around them, unseen characters shown, cut by the page and whole in the title. */
import type { Target } from "../admin/invocation.ts";
import { to } from "../routes.ts";
import { shortId, visibleName } from "../words/text.ts";
import { targetText } from "../words/target.ts";
import { CopyButton } from "./copy.tsx";

export { targetText };

/** `Order / ord-7731 / checkout`, as one link or, without `href`, as text. */
export function TargetName({ of, href }: { readonly of: Target; readonly href?: string }) {
  const parts = (
    <>
      <span class="sv">{visibleName(of.service)}</span>
      <span class="sl">/</span>
      {of.key !== undefined && (
        <>
          <bdi class="k">{of.key === "" ? <i>empty</i> : visibleName(of.key)}</bdi>
          <span class="sl">/</span>
        </>
      )}
      <span class="h">{visibleName(of.handler)}</span>
    </>
  );
  const title = targetText(of);
  return href === undefined ? (
    <span class="tgt" title={title}>
      {parts}
    </span>
  ) : (
    <a class="tgt" title={title} href={href}>
      {parts}
    </a>
  );
}

/** The same with a link of its own for each part: a page's heading. */
export const TargetHeading = ({ of }: { readonly of: Target }) => (
  <h1 class="tgt grow">
    <a class="sv" href={to.service(of.service)} title={`Service ${visibleName(of.service)}`}>
      {visibleName(of.service)}
    </a>
    <span class="sl">/</span>
    {of.key !== undefined && (
      <>
        <a class="k" href={to.object(of.service, of.key)} title={`Key ${visibleName(of.key)}`}>
          <bdi>{of.key === "" ? <i>empty</i> : visibleName(of.key)}</bdi>
        </a>
        <span class="sl">/</span>
      </>
    )}
    <span class="h">{visibleName(of.handler)}</span>
  </h1>
);

/** An id's two ends; the button copies the whole. */
export const Id = ({ id, copy = false }: { readonly id: string; readonly copy?: boolean }) => (
  <span class="row">
    <span class="id" title={id}>
      {shortId(id)}
    </span>
    {copy && <CopyButton text={id} what="id" />}
  </span>
);
