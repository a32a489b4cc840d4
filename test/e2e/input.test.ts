import { inputSuite } from "./input-suite.ts";
import { Server } from "./server.ts";

inputSuite("the local server", () => Server.start({ file: "client.ts", args: ["--no-watch"] }));
