/**
 * The gate: asks new code whether it does what the journals of open invocations have recorded, before it takes over; and moves those that
 * fit to it, if the stack wants that. The argument is in docs/decisions/0051-the-gate.md.
 *
 * Boundary: the code is run by its function (sdk/lambda.ts), and the write is `moveTo` (lib/store/head/rest.ts). When it is asked and what
 * follows from it is the registrar's.
 *
 * Crash points: while it asks, nothing is written. Each move is one write, and what was moved is not asked about again.
 */
import { eachAtOnce } from "../../lib/at-once.ts";
import { asError, OperationalError } from "../../lib/errors.ts";
import {
  GATE_MOVES_AT_ONCE,
  GATE_MS_MAX,
  GATE_READS_AT_ONCE,
  GATE_SPARE_MS,
  REHEARSAL_REQUEST_BYTES_MAX,
  REHEARSED_ALONE_MAX,
  REHEARSED_AT_ONCE,
} from "../../lib/limits/replay.ts";
import type { InvocationId } from "../../lib/model/ids.ts";
import type { InFlightPolicy } from "../../lib/model/in-flight-policy.ts";
import type { Deployment } from "../../lib/model/manifest.ts";
import { encodeRecorded, headOf } from "../../lib/model/recorded-journal.ts";
import { type Clock, type Entropy, type ItemStore, type Listing, type Logger } from "../../lib/ports.ts";
import type { Replayed } from "../../lib/replay/replay.ts";
import { movable, moveTo } from "../../lib/store/head/rest.ts";
import type { GateReport, OpenElsewhere, Remaining } from "./gate-report.ts";
import { type OpenSample, openSample, storedJournal, type StoredJournal } from "./open-journals.ts";
import { untilPassed } from "./until-passed.ts";

export interface GateWish {
  readonly policy: InFlightPolicy;
  /** So many open invocations are asked about at most. */
  readonly sample: number;
}

export interface GatePorts {
  readonly listing: Pick<Listing, "parts" | "heads">;
  /** Asks the code at an address. Throws {@link OperationalError} for what may pass, and else an Error with the reason. */
  readonly rehearser: {
    rehearse(address: string, journals: readonly string[]): Promise<readonly Replayed[]>;
  };
  readonly items: ItemStore;
  readonly clock: Clock;
  readonly entropy: Entropy;
  readonly logger: Logger;
  /** When the registrar's time is over. */
  readonly untilMs: number;
}

/** One that the code is asked about. */
interface Asked {
  readonly open: OpenElsewhere;
  /** Its journal. */
  readonly line: string;
}

/** For one registration. */
export class Gate {
  readonly #ports: GatePorts;
  readonly #sample: number;
  readonly #untilMs: number;
  readonly #fitting: OpenElsewhere[] = [];
  readonly #diverging: Remaining[] = [];
  readonly #untried: Remaining[] = [];
  /** Whether there was one that the code should say something about. */
  #hasAsked = false;
  #answers = 0;
  #alone = 0;

  constructor(ports: GatePorts, sample: number) {
    this.#ports = ports;
    this.#sample = sample;
    this.#untilMs = Math.min(ports.clock.now() + GATE_MS_MAX, ports.untilMs - GATE_SPARE_MS);
  }

  /** `deployment`: the new code. Never throws: why it could not ask is in the report. */
  async ask(deployment: Pick<Deployment, "id" | "address" | "services">): Promise<GateReport> {
    let isMore = false;
    let failure: string | undefined;
    try {
      const open = await this.#open(deployment.services.map(({ name }) => name));
      isMore = open.isMore;
      await this.#askAbout(open.ids, deployment);
    } catch (error) {
      failure = asError(error).message;
    }
    return {
      ...{ fitting: this.#fitting, diverging: this.#diverging, untried: this.#untried, isMore },
      isUnanswered: this.#answers === 0 && (this.#hasAsked || failure !== undefined),
      ...(failure === undefined ? {} : { failure }),
    };
  }

  /** Moves what fits. Answers how many it were, and those that have moved on meanwhile, or do not rest. */
  async move(
    { fitting }: GateReport,
    deployment: string,
  ): Promise<{ readonly moved: number; readonly staying: readonly Remaining[] }> {
    const staying: Remaining[] = [];
    await eachAtOnce(fitting, GATE_MOVES_AT_ONCE, async (open) => {
      const { id, head } = open;
      try {
        if (!(await moveTo(this.#ports, id, head, deployment))) staying.push({ ...open, reason: BUSY });
      } catch (error) {
        // Nobody knows. Its head says where it is.
        staying.push({ ...open, reason: asError(error).message });
      }
    });
    return { moved: fitting.length - staying.length, staying };
  }

  async #open(services: readonly string[]): Promise<OpenSample> {
    const { listing } = this.#ports;
    if (!listing.parts.includes("open"))
      throw new Error('the runtime keeps no list of open invocations: its `listing` needs "open"');
    return await this.#patiently(() => openSample(listing, services, this.#sample));
  }

  async #askAbout(
    ids: readonly InvocationId[],
    deployment: Pick<Deployment, "id" | "address">,
  ): Promise<void> {
    const { items } = this.#ports;
    let batch: Asked[] = [];
    let bytes = 0;
    const flush = async (): Promise<void> => {
      if (batch.length > 0) await this.#rehearse(deployment.address, batch);
      [batch, bytes] = [[], 0];
    };
    for (let at = 0; at < ids.length; at += GATE_READS_AT_ONCE) {
      if (this.#isLate) {
        this.#hasAsked = true;
        this.#untried.push(...ids.slice(at).map((id) => ({ id, reason: LATE })));
        break;
      }
      const some = ids.slice(at, at + GATE_READS_AT_ONCE);
      const journals = await this.#patiently(() => Promise.all(some.map((id) => storedJournal(items, id))));
      for (const journal of journals) {
        const asked = this.#toAsk(journal, deployment.id);
        if (!asked) continue;
        const itsBytes = Buffer.byteLength(JSON.stringify(asked.line));
        if (itsBytes > REHEARSAL_REQUEST_BYTES_MAX) {
          this.#untried.push({ ...asked.open, reason: TOO_LARGE });
          continue;
        }
        if (bytes + itsBytes > REHEARSAL_REQUEST_BYTES_MAX || batch.length >= REHEARSED_AT_ONCE)
          await flush();
        this.#hasAsked = true;
        batch.push(asked);
        bytes += itsBytes;
      }
    }
    await flush();
  }

  /** `undefined`: nothing is to be asked about it. It has ended, has not begun, or is on this code already; or the answer is known. */
  #toAsk({ id, items, isTooLarge }: StoredJournal, current: string): Asked | undefined {
    let read: ReturnType<typeof headOf>;
    try {
      read = headOf({ id, items });
    } catch (error) {
      if (items.length > 0) this.#untried.push({ id, reason: asError(error).message });
      return undefined;
    }
    const { status, deployment, target, length } = read.head;
    if (status === "completed" || deployment === undefined || deployment === current) return undefined;
    const open: OpenElsewhere = { id, target, deployment, head: movable(read.head) };
    if (isTooLarge) this.#untried.push({ ...open, reason: TOO_LARGE });
    // What has recorded nothing fits every code.
    else if (length === 0) this.#fitting.push(open);
    else return { open, line: encodeRecorded({ id, items }) };
    return undefined;
  }

  async #rehearse(address: string, batch: readonly Asked[]): Promise<void> {
    try {
      if (this.#isLate) throw new Error(LATE);
      const lines = batch.map(({ line }) => line);
      const told = await this.#patiently(() => this.#ports.rehearser.rehearse(address, lines));
      this.#answers++;
      for (const [at, asked] of batch.entries()) this.#take(asked, told[at]);
    } catch (error) {
      // One that spins, or ends the process, is in the way of the others.
      for (const asked of batch) {
        if (batch.length > 1 && this.#alone++ < REHEARSED_ALONE_MAX) await this.#rehearse(address, [asked]);
        else this.#untried.push({ ...asked.open, reason: asError(error).message });
      }
    }
  }

  #take({ open }: Asked, told: Replayed | undefined): void {
    if (told?.fits === true) this.#fitting.push(open);
    else
      (told && !told.isUnsure ? this.#diverging : this.#untried).push({
        ...open,
        reason: told?.reason ?? "",
      });
  }

  /** A permission that was just given takes some seconds, and what is throttled may be asked again. */
  async #patiently<T>(work: () => Promise<T>): Promise<T> {
    return await untilPassed(this.#ports.clock, work, (error) => !this.#isLate && mayPass(error));
  }

  get #isLate(): boolean {
    return this.#ports.clock.now() >= this.#untilMs;
  }
}

const mayPass = (error: unknown): boolean =>
  error instanceof OperationalError || asError(error).name === "AccessDeniedException";

const LATE = "the time was up";
const TOO_LARGE = "its journal is larger than a request takes";
const BUSY = "it was at work, or has gone on meanwhile";
