/** A drawing beside a word. It says nothing by itself: readers of the screen do not hear it. */
import { ICON_PATHS, type IconName, type IconPath } from "./icon-paths.ts";

export type { IconName } from "./icon-paths.ts";

export function Icon({ name, small = false }: { readonly name: IconName; readonly small?: boolean }) {
  const paths: readonly IconPath[] = ICON_PATHS[name];
  const side = name === "brand" ? 20 : 16;
  return (
    <svg class={small ? "i s" : "i"} viewBox={`0 0 ${side} ${side}`} aria-hidden="true">
      {paths.map(({ d, solid, width, dash }) => (
        <path
          key={d}
          d={d}
          {...(solid && { class: "solid" })}
          {...(width && { "stroke-width": width })}
          {...(dash && { "stroke-dasharray": dash })}
        />
      ))}
    </svg>
  );
}
