import { styleText } from "node:util";

/** What runs where. */
export interface DemoFacts {
  /** Host and port. */
  readonly proxy: string;
  readonly admin: string;
  readonly workers: number;
  readonly upstreams: readonly { readonly name: string; readonly port: number }[];
  readonly configPath: string;
}

const INDENT = "       ";

/** What the demo prints when it runs. Bold headings if `colours`. */
export function demoText(facts: DemoFacts, colours: boolean): string {
  const bold = (text: string): string => (colours ? styleText("bold", text, { validateStream: false }) : text);
  const command = (text: string): string =>
    INDENT + (colours ? styleText("cyan", text, { validateStream: false }) : text);
  const { proxy, admin, workers, upstreams, configPath } = facts;
  return [
    bold("Troupe is running."),
    "",
    `  proxy      http://${proxy}   ${workers} ${workers === 1 ? "worker" : "workers"}`,
    `  admin      http://${admin}`,
    `  upstreams  ${upstreams.map(({ name, port }) => `${name} :${port}`).join(", ")}`,
    `  config     ${configPath}`,
    "",
    bold("Three things to try in another terminal"),
    "",
    "  1. A request. One of the three upstreams says who it is; ask again for another one.",
    command(`curl -i ${proxy}/hello`),
    "",
    "  2. A reload. Save a change and it is in force, with no connection closed: now only pierrot answers.",
    command(`sed -i 's/cluster: everyone, /cluster: pierrot, /' ${configPath}`),
    command(`curl ${proxy}/hello`),
    "",
    "  3. The actors: the tree of who is at work, on which thread, and what each has done.",
    command(`curl ${admin}/actors`),
    "",
    "Ctrl-C drains and stops.",
    "",
    "",
  ].join("\n");
}
