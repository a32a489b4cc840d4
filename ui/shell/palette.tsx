/** Jumps to a page, a service or an id. A pasted id opens at once. */
import { useState } from "preact/hooks";
import { useLocation } from "preact-iso";
import type { ServiceInfo } from "../admin/service.ts";
import { useServices } from "../admin/services.ts";
import { Icon, type IconName } from "../parts/icon.tsx";
import { Dialog } from "../parts/dialog.tsx";
import { to } from "../routes.ts";
import { visible } from "../words/text.ts";
import { PAGES } from "./pages.ts";

interface Place {
  readonly name: string;
  readonly href: string;
  readonly icon: IconName;
  readonly kind: string;
}

const SHOWN_MAX = 12;
const INVOCATION = /^inv_[A-Za-z0-9_-]{10,}$/u;
const DEPLOYMENT = /^dp_[A-Za-z0-9]{10,}$/u;

function placeOfId(text: string): Place | undefined {
  if (INVOCATION.test(text))
    return { name: text, href: to.invocation(text), icon: "list", kind: "invocation" };
  if (DEPLOYMENT.test(text))
    return { name: text, href: to.deployment(text), icon: "box", kind: "deployment" };
  return undefined;
}

/** What is no place's name may be a part of a key or an error. */
const placeOfText = (text: string): readonly Place[] =>
  text === ""
    ? []
    : [
        {
          name: `Invocations with “${text}”`,
          href: to.invocations({ text }),
          icon: "search",
          kind: "filter",
        },
      ];

/** `Object/key`, whether it has been called or not. */
function placeOfKey(text: string, services: readonly ServiceInfo[]): Place | undefined {
  const slash = text.indexOf("/");
  const [name, key] = [text.slice(0, Math.max(0, slash)).toLowerCase(), text.slice(slash + 1)];
  const service = services.find((each) => each.type !== "Service" && each.name.toLowerCase() === name);
  if (service === undefined || key === "") return undefined;
  const href = to.object(service.name, key);
  return { name: `${service.name}/${key}`, href, icon: "object", kind: "key" };
}

export function Palette({ onClose }: { readonly onClose: () => void }) {
  const { route } = useLocation();
  const [text, setText] = useState("");
  const [at, setAt] = useState(0);
  const services = useServices().data ?? [];
  const places: readonly Place[] = [
    ...PAGES.map(({ name, href, icon }) => ({ name, href: href(), icon, kind: "page" })),
    ...services.map(({ name }): Place => ({ name, href: to.service(name), icon: "object", kind: "service" })),
    ...services.flatMap(({ name, handlers }) =>
      handlers.map((handler): Place => {
        const target = { service: name, handler: handler.name };
        return { name: `${name}/${handler.name}`, href: to.playground(target), icon: "play", kind: "try it" };
      }),
    ),
  ];
  const asked = text.trim();
  const id = placeOfId(asked);
  const found = places.filter(({ name }) => name.toLowerCase().includes(asked.toLowerCase()));
  const key = placeOfKey(asked, services);
  const named = [...(id ? [id] : []), ...(key ? [...found, key] : found)].slice(0, SHOWN_MAX);
  const shown = [...named, ...placeOfText(asked)];
  const go = (place: Place | undefined): void => {
    if (place === undefined) return;
    onClose();
    route(place.href);
  };
  const move = (step: number): void => setAt(Math.max(0, Math.min(shown.length - 1, at + step)));
  const type = (value: string): void => {
    setText(value);
    setAt(0);
    const pasted = placeOfId(value.trim());
    if (pasted && value.length - text.length > 1) go(pasted);
  };
  return (
    <Dialog title="Search or jump to" id="palette" onClose={onClose}>
      <input
        aria-label="A page, a service, a handler, Object/key or an id"
        placeholder="A page, a service, a handler, Object/key or an id"
        autofocus
        value={text}
        onInput={(event) => type(event.currentTarget.value)}
        onKeyDown={(event) => {
          if (event.key === "ArrowDown") move(1);
          else if (event.key === "ArrowUp") move(-1);
          else if (event.key === "Enter") go(shown[at]);
          else return;
          event.preventDefault();
        }}
      />
      <div class="pl" role="listbox" aria-label="Found">
        {shown.map((place, index) => (
          <a
            key={`${place.kind} ${place.name}`}
            role="option"
            aria-selected={index === at}
            href={place.href}
            onClick={onClose}
          >
            <Icon name={place.icon} />
            <bdi class="cut">{visible(place.name)}</bdi>
            <span class="sub">{place.kind}</span>
          </a>
        ))}
      </div>
    </Dialog>
  );
}
