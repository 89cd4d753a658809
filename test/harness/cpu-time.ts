/** Milliseconds for which the calling thread computes while `work` runs: what else the machine does meanwhile does not count. */
export function cpuTimeMs(work: () => void): number {
  const before = process.threadCpuUsage();
  work();
  const { user, system } = process.threadCpuUsage(before);
  return (user + system) / 1000;
}
