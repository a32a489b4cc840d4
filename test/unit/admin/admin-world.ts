/** The ingress tests' world, with the admin API in front of it. */
import type { Entry } from "../../../lib/entry.ts";
import type { Attributes } from "../../../lib/item.ts";
import type { Start } from "../../../lib/message.ts";
import { Admin } from "../../../runtime/admin/admin.ts";
import { type Answer, answerOf, requestOf, World } from "../ingress/world.ts";

export class AdminWorld extends World {
  readonly admin = new Admin(this.ports, { version: "0.1.0", ingressEndpoint: "http://127.0.0.1:8080/" });

  ask(line: string, body?: unknown): Promise<Answer> {
    const text = body === undefined ? "" : JSON.stringify(body);
    return answerOf(this.admin.handle(requestOf(line, text)));
  }

  /** An invocation that was sent and has appended, with these attributes on top. */
  async invocation(attributes: Attributes, line = "POST /T/hello/send"): Promise<Start> {
    await this.request(line, '"x"', { "x-mine": "1" });
    const start = this.takeStart();
    await this.putHead(start, attributes);
    return start;
  }

  /** One whose log is this. */
  withLog(log: Entry[], attributes: Attributes = {}): Promise<Start> {
    return this.invocation({ s: "running", l: log, n: log.length, ...attributes }, "POST /O/k/add/send");
  }
}
