import { mkdtempSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";

/** The ports that docs/examples/demo.yaml names. Those of the upstreams are in the order in which the demo starts them. */
const EXAMPLE = { proxy: 10_000, admin: 9901, upstreams: [10_001, 10_002, 10_003] };

/** The ports the demo really has. */
export interface DemoPorts {
  readonly proxy: number;
  readonly admin: number;
  readonly upstreams: readonly number[];
}

/** The demo's working copy of docs/examples/demo.yaml, in a folder of its own, for its user to edit. */
export class DemoConfig {
  readonly path: string;
  readonly #folder: string;

  /** Writes the copy, with `ports` in place of those of the example. */
  constructor(ports: DemoPorts) {
    this.#folder = mkdtempSync(join(tmpdir(), "troupe-demo-"));
    this.path = join(this.#folder, "demo.yaml");
    // What follows the first line is the configuration; the first is for those who read the example.
    const [, ...lines] = readFileSync(exampleFile(), "utf8").split("\n");
    const heading = "# The demo's own copy: save a change and it is in force. Gone when the demo ends.";
    writeFileSync(this.path, withPorts([heading, ...lines].join("\n"), ports));
  }

  /** Removes the copy with its folder. */
  remove(): void {
    rmSync(this.#folder, { recursive: true, force: true });
  }
}

function exampleFile(): URL {
  return new URL("../../docs/examples/demo.yaml", import.meta.url);
}

function withPorts(yaml: string, ports: DemoPorts): string {
  const real = new Map([
    [EXAMPLE.proxy, ports.proxy],
    [EXAMPLE.admin, ports.admin],
    ...EXAMPLE.upstreams.map((port, index) => [port, ports.upstreams[index] ?? port] as const),
  ]);
  return yaml.replace(/(?<=port_value: )\d+/g, (port) => String(real.get(Number(port)) ?? port));
}
