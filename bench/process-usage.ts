import { readdirSync, readFileSync } from "node:fs";

/** What a process and all its descendants have used and hold. */
export interface ProcessUsage {
  /** User and system time since their start, of descendants that are gone too. The kernel counts in steps of 10 ms. */
  readonly cpuUs: number;
  /** Resident memory now (`VmRSS`). */
  readonly residentBytes: number;
  /** Sum of each process's own peak (`VmHWM`); the peaks need not have come together. */
  readonly peakBytes: number;
}

const TICK_US = 10_000;

/** Reads the usage of a process tree from /proc. Throws when the root is gone. */
export function readProcessUsage(rootPid: number): ProcessUsage {
  const children = childrenByParent();
  let cpuUs = 0;
  let residentBytes = 0;
  let peakBytes = 0;
  const pending = [rootPid];
  for (let pid = pending.pop(); pid !== undefined; pid = pending.pop()) {
    const stat = readStat(pid);
    cpuUs += stat.ticks * TICK_US;
    const status = readFileSync(`/proc/${pid}/status`, "utf8");
    residentBytes += kibibytes(status, "VmRSS");
    peakBytes += kibibytes(status, "VmHWM");
    pending.push(...(children.get(pid) ?? []));
  }
  return { cpuUs, residentBytes, peakBytes };
}

function childrenByParent(): Map<number, number[]> {
  const children = new Map<number, number[]>();
  for (const entry of readdirSync("/proc")) {
    if (!/^\d+$/.test(entry)) continue;
    try {
      const { parent } = readStat(Number(entry));
      children.set(parent, [...(children.get(parent) ?? []), Number(entry)]);
    } catch {
      // It ended between the listing and the reading.
    }
  }
  return children;
}

function readStat(pid: number): { parent: number; ticks: number } {
  const text = readFileSync(`/proc/${pid}/stat`, "utf8");
  // The name in parentheses may hold spaces: fields are counted from after it, the first being number 3 of proc(5).
  const fields = text.slice(text.lastIndexOf(")") + 2).split(" ");
  const field = (number: number) => Number(fields[number - 3]);
  return { parent: field(4), ticks: field(14) + field(15) + field(16) + field(17) };
}

function kibibytes(status: string, name: string): number {
  return Number(new RegExp(`^${name}:\\s+(\\d+) kB`, "m").exec(status)?.[1] ?? 0) * 1024;
}
