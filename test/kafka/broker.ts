/** Apache Kafka on this machine, of one node, which tests can kill and start again. Its jars come through Maven, once. */
import { type ChildProcess, execFileSync, spawn } from "node:child_process";
import { once } from "node:events";
import { mkdtempSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { connect } from "node:net";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { setTimeout as sleep } from "node:timers/promises";
import { freePorts } from "../../scripts/free-ports.ts";

const JARS_MS_MAX = 180_000;
const FORMAT_MS_MAX = 60_000;
const START_MS_MAX = 60_000;
const POLL_MS = 50;
const CLUSTER_ID = "AAAAAAAAQACAAAAAAAAAAA";
const POM = join(import.meta.dirname, "pom.xml");

/** The class path of the broker, or why there is none. */
export function kafkaJars(): { readonly jars: string } | { readonly whyNot: string } {
  const folder = mkdtempSync(join(tmpdir(), "perdure-kafka-jars-"));
  try {
    const list = join(folder, "jars");
    execFileSync("java", ["-version"], { stdio: "ignore" });
    const found = ["-q", "-B", "-f", POM, "dependency:build-classpath", `-Dmdep.outputFile=${list}`];
    execFileSync("mvn", found, { stdio: "ignore", timeout: JARS_MS_MAX });
    return { jars: readFileSync(list, "utf8").trim() };
  } catch (error) {
    return { whyNot: `Java, Maven or Kafka's jars cannot be had: ${String(error).slice(0, 200)}` };
  } finally {
    rmSync(folder, { recursive: true, force: true });
  }
}

export class Broker {
  readonly folder = mkdtempSync(join(tmpdir(), "perdure-kafka-"));
  readonly address: string;
  readonly #port: number;
  readonly #jars: string;
  #child: ChildProcess | undefined;

  private constructor(jars: string, port: number, controllerPort: number) {
    this.#jars = jars;
    this.#port = port;
    this.address = `127.0.0.1:${port}`;
    writeFileSync(this.#properties, propertiesOf(this.folder, this.address, `127.0.0.1:${controllerPort}`));
    const format = ["format", "-t", CLUSTER_ID, "-c", this.#properties];
    execFileSync("java", ["-cp", jars, "kafka.tools.StorageTool", ...format], {
      ...{ stdio: "ignore", timeout: FORMAT_MS_MAX },
    });
  }

  static async start(jars: string): Promise<Broker> {
    const [port = 0, controllerPort = 0] = await freePorts(2);
    const broker = new Broker(jars, port, controllerPort);
    await broker.start();
    return broker;
  }

  get #properties(): string {
    return join(this.folder, "server.properties");
  }

  async start(): Promise<void> {
    const limits = ["-Xmx256m", "-XX:+UseSerialGC", "-XX:TieredStopAtLevel=1"];
    const quiet = "-Dorg.slf4j.simpleLogger.defaultLogLevel=off";
    const main = ["-cp", this.#jars, "kafka.Kafka", this.#properties];
    this.#child = spawn("java", [...limits, quiet, ...main], { stdio: "ignore" });
    const deadline = performance.now() + START_MS_MAX;
    while (!(await isOpen(this.#port))) {
      if (this.#child.exitCode !== null || performance.now() > deadline)
        throw new Error("the broker did not start");
      await sleep(POLL_MS);
    }
  }

  async kill9(): Promise<void> {
    const child = this.#child;
    this.#child = undefined;
    if (!child || child.exitCode !== null || child.signalCode !== null) return;
    const exit = once(child, "exit");
    child.kill("SIGKILL");
    await exit;
  }

  async stop(): Promise<void> {
    await this.kill9();
    rmSync(this.folder, { recursive: true, force: true });
  }
}

async function isOpen(port: number): Promise<boolean> {
  const socket = connect(port, "127.0.0.1");
  try {
    await once(socket, "connect");
    return true;
  } catch {
    return false;
  } finally {
    socket.destroy();
  }
}

const propertiesOf = (folder: string, address: string, controller: string): string =>
  Object.entries({
    "process.roles": "broker,controller",
    "node.id": "1",
    "controller.quorum.voters": `1@${controller}`,
    listeners: `PLAINTEXT://${address},CONTROLLER://${controller}`,
    "advertised.listeners": `PLAINTEXT://${address}`,
    "controller.listener.names": "CONTROLLER",
    "listener.security.protocol.map": "CONTROLLER:PLAINTEXT,PLAINTEXT:PLAINTEXT",
    "inter.broker.listener.name": "PLAINTEXT",
    "log.dirs": join(folder, "logs"),
    "num.partitions": "3",
    "offsets.topic.replication.factor": "1",
    "offsets.topic.num.partitions": "1",
    "transaction.state.log.replication.factor": "1",
    "transaction.state.log.min.isr": "1",
    "group.initial.rebalance.delay.ms": "0",
    "auto.create.topics.enable": "true",
  })
    .map(([name, value]) => `${name}=${value}\n`)
    .join("");
