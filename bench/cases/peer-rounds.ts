import type { BenchContext, BenchNumbers, BenchRound } from "../bench-case.ts";
import type { PeerWork, RunningPeer } from "../peers/peer.ts";

/** Of load ahead of each measurement. Compilers of JavaScript go on for some seconds after a load has begun; a proxy runs for longer than that. */
export const WARM_UP_SECONDS = 3;

/** Starts all peers of a case and measures each in every round. The order turns round, so that a machine that slows down or warms up favours nobody. */
export async function measurePeers(
  context: BenchContext,
  work: PeerWork,
  measure: (peer: RunningPeer) => Promise<BenchNumbers>,
): Promise<BenchRound[]> {
  const running = new Map<string, RunningPeer>();
  const rounds: BenchRound[] = [];
  try {
    for (const peer of context.peers) running.set(peer.name, await peer.start(work));
    for (let round = 0; round < context.options.rounds; round += 1) {
      const names = round % 2 === 0 ? [...running.keys()] : [...running.keys()].reverse();
      for (const name of names) {
        const numbers = await measure(running.get(name)!);
        rounds.push({ peer: name, round, numbers });
        context.progress(`round ${round + 1}: ${name}: ${describe(numbers)}`);
      }
    }
  } finally {
    for (const peer of running.values()) await peer.stop();
  }
  return rounds;
}

function describe(numbers: BenchNumbers): string {
  const errors = (numbers.errors ?? 0) + (numbers.fixedRateBadStatus ?? 0);
  const rate = `${numbers.requestsPerSecond?.toFixed(0)}/s, ${numbers.cpuUsPerRequest?.toFixed(1)} µs CPU a request`;
  return errors > 0 ? `${rate}, ${errors} ERRORS` : rate;
}
