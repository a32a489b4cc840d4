export { services as default } from "./handlers.ts";
