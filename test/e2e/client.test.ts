import { clientSuite } from "./client-suite.ts";
import { Server } from "./server.ts";

clientSuite("the local server", () => Server.start({ file: "client.ts", args: ["--no-watch"] }));
