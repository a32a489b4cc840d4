/** How a deployment stands, as a badge. */
import type { IconName } from "../../parts/icon.tsx";
import { Badge } from "../../parts/status.tsx";
import type { Look } from "../../words/status.ts";
import type { DeploymentState } from "./drain.ts";

const LOOKS: Readonly<Record<DeploymentState, { look: Look; icon: IconName; word: string }>> = {
  latest: { look: "ok", icon: "check", word: "Latest" },
  partly: { look: "ok", icon: "check", word: "Active" },
  older: { look: "cancelled", icon: "ring", word: "Older" },
  draining: { look: "suspended", icon: "sleep", word: "Draining" },
  drained: { look: "cancelled", icon: "ring", word: "Drained" },
};

export const StateBadge = ({ of }: { readonly of: DeploymentState }) => <Badge look={LOOKS[of]} />;
