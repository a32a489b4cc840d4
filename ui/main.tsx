/** Starts the page. */
import { render } from "preact";
import { startLive } from "./admin/live.ts";
import { App } from "./app.tsx";
import { startKeyboard } from "./parts/keyboard.ts";
import { applyTheme } from "./parts/theme.ts";

applyTheme();
startLive();
startKeyboard();
render(<App />, document.body);
