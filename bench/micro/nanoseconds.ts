const ROUNDS = 7;
const ROUND_MS = 120;

/** Runs `work` (which does `times` operations) for some rounds and prints the median time of one operation. */
export function printNanoseconds(name: string, work: (times: number) => void): void {
  let times = 1000;
  work(times);
  for (;;) {
    const started = performance.now();
    work(times);
    if (performance.now() - started > ROUND_MS / 2) break;
    times *= 2;
  }
  const rounds: number[] = [];
  for (let round = 0; round < ROUNDS; round++) {
    const started = performance.now();
    work(times);
    rounds.push(((performance.now() - started) * 1e6) / times);
  }
  rounds.sort((a, b) => a - b);
  const median = rounds[ROUNDS >> 1]!;
  console.log(
    `${name.padEnd(60)} ${median.toFixed(0).padStart(7)} ns   (${rounds[0]!.toFixed(0)}-${rounds[ROUNDS - 1]!.toFixed(0)})`,
  );
}
