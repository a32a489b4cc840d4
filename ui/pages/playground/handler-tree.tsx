/** All handlers, to choose one: a tree, and on a phone a list. */
import { useLocation } from "preact-iso";
import type { HandlerInfo, ServiceInfo } from "../../admin/service.ts";
import { Icon } from "../../parts/icon.tsx";
import { to } from "../../routes.ts";
import { TYPE_ICONS } from "../../words/service-type.ts";
import { visible } from "../../words/text.ts";

interface TreeProps {
  readonly services: readonly ServiceInfo[];
  readonly current: { readonly service: string; readonly handler: string };
}

const noteOf = ({ kind, isPublic }: HandlerInfo): string =>
  [...(kind === "Shared" ? ["shared"] : []), ...(isPublic ? [] : ["private"])].join(", ");

export const HandlerTree = ({ services, current }: TreeProps) => (
  <nav class="card tree only-wide" aria-label="Handlers">
    {services.map(({ name, type, handlers }) => (
      <div key={name}>
        <div class="svc">
          <Icon name={TYPE_ICONS[type]} />
          <bdi class="cut" title={visible(name)}>
            {visible(name)}
          </bdi>
        </div>
        {handlers.map((handler) => (
          <a
            key={handler.name}
            href={to.playground({ service: name, handler: handler.name })}
            {...(name === current.service &&
              handler.name === current.handler && { "aria-current": "true" as const })}
          >
            <bdi class="cut" title={visible(handler.name)}>
              {visible(handler.name)}
            </bdi>
            <span class="sub">{noteOf(handler)}</span>
          </a>
        ))}
      </div>
    ))}
  </nav>
);

export function HandlerSelect({ services, current }: TreeProps) {
  const { route } = useLocation();
  return (
    <div class="only-phone">
      <select
        aria-label="Handler"
        value={JSON.stringify([current.service, current.handler])}
        onChange={(event) => {
          const [service, handler] = JSON.parse(event.currentTarget.value) as [string, string];
          route(to.playground({ service, handler }));
        }}
      >
        {services.map(({ name, handlers }) => (
          <optgroup key={name} label={visible(name)}>
            {handlers.map((handler) => (
              <option key={handler.name} value={JSON.stringify([name, handler.name])}>
                {[`${visible(name)} / ${visible(handler.name)}`, noteOf(handler)].filter(Boolean).join(" · ")}
              </option>
            ))}
          </optgroup>
        ))}
      </select>
    </div>
  );
}
