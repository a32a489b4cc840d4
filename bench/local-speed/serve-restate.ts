import { serve } from "perdure/restate";
import { services } from "./handlers.ts";
await serve({ services, port: Number(process.env["PORT"]) });
