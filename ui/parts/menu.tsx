/** A button that opens a short list of actions: with the keyboard as with the pointer. */
import { useEffect, useRef, useState } from "preact/hooks";
import { Icon, type IconName } from "./icon.tsx";

export interface MenuItem {
  readonly name: string;
  readonly icon: IconName;
  readonly run: () => void;
  readonly isDanger?: boolean;
  /** Elsewhere it is a button of its own. */
  readonly isOnPhonesOnly?: boolean;
}

interface MenuProps {
  readonly label: string;
  readonly items: readonly MenuItem[];
}

export function Menu({ label, items }: MenuProps) {
  const [isOpen, setOpen] = useState(false);
  const root = useRef<HTMLDivElement>(null);
  const close = (): void => {
    setOpen(false);
    root.current?.querySelector("button")?.focus();
  };
  useEffect(() => {
    if (!isOpen) return;
    const outside = (event: Event): void => {
      if (event.target instanceof Node && root.current?.contains(event.target) !== true) setOpen(false);
    };
    document.addEventListener("pointerdown", outside);
    return () => document.removeEventListener("pointerdown", outside);
  }, [isOpen]);
  return (
    <div class="menu" ref={root}>
      <button
        type="button"
        class="b ic"
        aria-haspopup="menu"
        aria-expanded={isOpen}
        aria-label={label}
        title="More"
        onClick={() => setOpen(!isOpen)}
      >
        <Icon name="dots" />
      </button>
      {isOpen && <MenuList label={label} items={items} onClose={close} />}
    </div>
  );
}

function MenuList({ label, items, onClose }: MenuProps & { readonly onClose: () => void }) {
  const list = useRef<HTMLDivElement>(null);
  const all = (): HTMLElement[] => [
    ...(list.current?.querySelectorAll<HTMLElement>("[role=menuitem]") ?? []),
  ];
  useEffect(() => all()[0]?.focus(), []);
  const move = (step: number): void => {
    const found = all();
    const at = found.findIndex((item) => item === document.activeElement);
    found[(at + step + found.length) % found.length]?.focus();
  };
  const keys: Readonly<Record<string, () => void>> = {
    Escape: onClose,
    Tab: onClose,
    ArrowDown: () => move(1),
    ArrowUp: () => move(-1),
  };
  return (
    <div
      class="menu-list"
      role="menu"
      tabIndex={-1}
      aria-label={label}
      ref={list}
      onKeyDown={(event) => {
        const run = keys[event.key];
        if (run === undefined) return;
        event.preventDefault();
        event.stopPropagation();
        run();
      }}
    >
      {items.map(({ name, icon, run, isDanger, isOnPhonesOnly }) => (
        <button
          key={name}
          type="button"
          role="menuitem"
          tabIndex={-1}
          class={[isDanger === true ? "danger" : "", isOnPhonesOnly === true ? "only-phone" : ""].join(" ")}
          onClick={() => {
            onClose();
            run();
          }}
        >
          <Icon name={icon} small />
          {name}
        </button>
      ))}
    </div>
  );
}
