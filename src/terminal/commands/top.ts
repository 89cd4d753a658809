import type { LiveSample } from "../../admin/live/live-sample.ts";
import { hostsOutOfUse, type MembershipCluster } from "../../admin/page/hosts-now.ts";
import { type Rates, ratesBetween } from "../../admin/page/rates.ts";
import type { Command, CommandContext } from "../command.ts";
import { CommandFailure, EXIT } from "../command-failure.ts";
import { Screen } from "../screen.ts";
import { type TopData, topLines, topRows, topText } from "../top-lines.ts";
import { afterKey, FIRST_STATE, type TopState } from "../top-state.ts";

/** `troupe top`: live on a terminal; once, as text, into a file or a pipe. */
export const TOP: Command = {
  name: "top",
  parameters: [],
  summary: "Watch the proxy: workers, actors, clusters, events; live on a terminal",
  flags: [{ name: "once", help: "Print it once, as text" }],
  run: (context) => {
    const { terminal, json, flag } = context;
    return terminal.isTerminal && !json && flag("once") === undefined ? live(context) : once(context);
  },
};

/** The samples as they come, with what went on since the one before. */
async function* moments({ client }: CommandContext, signal: AbortSignal): AsyncGenerator<TopData, void> {
  let before: LiveSample | undefined;
  let rates: Rates | undefined;
  for await (const { event, data } of client.events("/events", signal)) {
    if (event !== "sample") continue;
    const sample = JSON.parse(data) as LiveSample;
    const between = before === undefined ? undefined : ratesBetween(before, sample);
    if (before === undefined || between !== undefined) before = sample;
    rates = between ?? rates;
    yield { sample, rates };
  }
}

async function once(context: CommandContext): Promise<number> {
  const { terminal, json, stopped } = context;
  for await (const data of moments(context, stopped)) {
    if (data.rates === undefined) continue;
    terminal.write(json ? `${JSON.stringify(jsonOf(data), undefined, 1)}\n` : topText(data, FIRST_STATE));
    return EXIT.ok;
  }
  return stopped.aborted ? EXIT.ok : ended();
}

function jsonOf({ sample, rates }: TopData): object {
  return { ...sample, rates: { totals: rates?.totals ?? null, parts: Object.fromEntries(rates?.parts ?? []) } };
}

async function live(context: CommandContext): Promise<number> {
  const { terminal, stopped } = context;
  const quit = new AbortController();
  const signal = AbortSignal.any([stopped, quit.signal]);
  const screen = new Screen(terminal);
  let state: TopState = FIRST_STATE;
  let data: TopData | undefined;
  const draw = (): void => {
    if (data !== undefined) screen.draw(topLines(data, state, terminal.size().rows, terminal.hasColours));
  };
  screen.enter();
  try {
    terminal.onKey((key) => {
      state = afterKey(state, key, data === undefined ? [] : topRows(data, state).rows.map(({ name }) => name));
      if (state.quit) quit.abort();
      else draw();
    }, signal);
    terminal.onResize(draw, signal);
    for await (const next of moments(context, signal)) {
      data = { ...next, outOfUse: await outOfUse(context, state) };
      draw();
    }
  } finally {
    quit.abort();
    screen.leave();
  }
  return signal.aborted && (stopped.aborted || state.quit) ? EXIT.ok : ended();
}

/** Asked only while somebody looks at a cluster. What it can't say at the moment is left out. */
async function outOfUse({ client }: CommandContext, { view, chosen }: TopState): Promise<TopData["outOfUse"]> {
  if (view !== "clusters" || chosen === "") return undefined;
  const answer = client.askJson<{ readonly clusters: readonly MembershipCluster[] }>("/membership?format=json");
  const clusters = (await answer.catch(() => undefined))?.clusters ?? [];
  return new Map(clusters.map((each) => [each.cluster, hostsOutOfUse(each)]));
}

function ended(): never {
  throw new CommandFailure("the proxy has ended the stream; it may be stopping", EXIT.unreachable);
}
