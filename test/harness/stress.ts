/**
 * Repeats one test file many times while the machine is busy, to find what fails once in a hundred:
 * `npm run test:stress -- test/unit/net/x.test.ts --runs 100 --burners 2 --jobs 2`.
 * Stops at the first failure, prints its whole output and exits 1.
 */
import { spawn } from "node:child_process";
import { once } from "node:events";
import { parseArgs } from "node:util";
import { Worker } from "node:worker_threads";

const { values, positionals } = parseArgs({
  allowPositionals: true,
  options: {
    runs: { type: "string", default: "50" },
    burners: { type: "string", default: "2" },
    jobs: { type: "string", default: "2" },
    "test-name-pattern": { type: "string" },
  },
});

const [file] = positionals;
if (file === undefined) {
  process.stderr.write(
    "usage: stress.ts <test file> [--runs 50] [--burners 2] [--jobs 2] [--test-name-pattern text]\n",
  );
  process.exit(2);
}

const runs = Number(values.runs);
const pattern = values["test-name-pattern"];
const args = [
  "--test",
  "--test-reporter=tap",
  ...(pattern === undefined ? [] : [`--test-name-pattern=${pattern}`]),
  file,
];
const burners = Array.from(
  { length: Number(values.burners) },
  () => new Worker("for (;;) Math.hypot(1, 2);", { eval: true }),
);
let started = 0;
let passed = 0;
let failedRun = 0;

await Promise.all(Array.from({ length: Number(values.jobs) }, repeat));
await Promise.all(burners.map((burner) => burner.terminate()));
process.stdout.write(`${passed} runs passed, ${failedRun > 0 ? 1 : 0} failed\n`);
process.exit(failedRun > 0 ? 1 : 0);

async function repeat(): Promise<void> {
  while (started < runs && failedRun === 0) {
    started += 1;
    const run = started;
    const child = spawn(process.execPath, args, { stdio: ["ignore", "pipe", "pipe"] });
    const output: Buffer[] = [];
    child.stdout.on("data", (chunk: Buffer) => output.push(chunk));
    child.stderr.on("data", (chunk: Buffer) => output.push(chunk));
    await once(child, "close");
    if (child.exitCode === 0) {
      passed += 1;
      continue;
    }
    failedRun = run;
    process.stdout.write(`${Buffer.concat(output).toString()}\nrun ${run} of ${runs} failed\n`);
  }
}
