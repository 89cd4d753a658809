/**
 * Compiles each file of `configs/` with the proxy's own compiler table and compares the outcome, compiled data or exact problems, with
 * the file of the same name and `.expected`; and all of Envoy's examples with `envoy-examples.expected`.
 * `node test/golden/golden.test.ts --update` writes what is found; look at the difference before committing it.
 */
import assert from "node:assert/strict";
import {
  copyFileSync,
  existsSync,
  globSync,
  mkdirSync,
  mkdtempSync,
  readdirSync,
  readFileSync,
  rmSync,
  writeFileSync,
} from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { describe, it } from "node:test";
import { type CompileOutcome, resourceKey } from "../../src/config/compiler/compile-request.ts";
import { ConfigurationCompiler } from "../../src/config/compiler/configuration-compiler.ts";
import { unpackResource } from "../../src/config/compiler/resource-packing.ts";
import { problemsText } from "../../src/config/config-problem.ts";
import { loadCompilerTable } from "../../src/extensions/compiler-table.ts";
import { TestCa } from "../harness/certificates.ts";

const UPDATE = process.argv.includes("--update");
const CONFIGS = join(import.meta.dirname, "configs");
const EXAMPLES = join(import.meta.dirname, "../../../shared/configs/envoy-examples");
const compiler = new ConfigurationCompiler(await loadCompilerTable());

/** Examples of Envoy's that only lack their certificates, with the names of certificate and key. */
const CERTIFICATES: Readonly<Record<string, readonly (readonly [string, string])[]>> = {
  "double-proxy--envoy-frontend.yaml": [["clientcert.pem", "clientkey.pem"]],
  "tls-sni--envoy.yaml": [
    ["domain1.crt.pem", "domain1.key.pem"],
    ["domain2.crt.pem", "domain2.key.pem"],
  ],
};

/** Names in the table of docs/envoy-examples.md. */
function listedExamples(): string[] {
  const page = readFileSync(join(import.meta.dirname, "../../docs/envoy-examples.md"), "utf8");
  return [...page.matchAll(/^\| `([^`]+)` \|/gm)].map(([, name]) => name!);
}

/** Problems with file names and not whole paths, so that the place of the repository does not matter. */
function problems(outcome: CompileOutcome, folder: string): string {
  return problemsText(outcome.problems).replaceAll(`${folder}/`, "");
}

function render(outcome: CompileOutcome, folder: string): string {
  if (!outcome.ok) return `refused\n${problems(outcome, folder)}`;
  const data = [
    ["bootstrap", outcome.bootstrap],
    ...outcome.changed.map((each) => [resourceKey(each), unpackResource(each.data)]),
  ];
  const text = data.map(([name, value]) => `${name}: ${JSON.stringify(value, undefined, 2)}\n`).join("");
  return `accepted\n${problems(outcome, folder)}${text}`;
}

function compare(file: string, found: string): void {
  if (UPDATE) writeFileSync(file, found);
  assert.ok(existsSync(file), `${file} is missing; write it with --update`);
  assert.equal(found, readFileSync(file, "utf8"));
}

describe("the configuration compiler", () => {
  for (const name of globSync("*.{yaml,json}", { cwd: CONFIGS }).sort()) {
    it(`gives the recorded outcome for ${name}`, () => {
      const outcome = compiler.compile({ path: join(CONFIGS, name) });
      compare(join(CONFIGS, `${name}.expected`), render(outcome, CONFIGS));
    });
  }

  const skip = existsSync(EXAMPLES) ? false : `${EXAMPLES} is not there`;
  it("loads each of Envoy's examples or names exactly what it lacks", { skip }, () => {
    let report = "";
    for (const name of readdirSync(EXAMPLES).sort()) {
      const outcome = compiler.compile({ path: join(EXAMPLES, name) });
      report += `${outcome.ok ? "loads" : "lacks"}: ${name}\n${problems(outcome, EXAMPLES)}\n`;
      for (const { line, message } of outcome.problems) {
        assert.ok(line > 0, `${name}: no line for: ${message}`);
        assert.doesNotMatch(message, /internal error/);
      }
    }
    compare(join(import.meta.dirname, "envoy-examples.expected"), report);
    const lacking = [...report.matchAll(/^lacks: (.*)$/gm)].map(([, name]) => name);
    assert.deepEqual(listedExamples(), lacking, "docs/envoy-examples.md must list what does not load");
  });

  for (const [name, files] of Object.entries(CERTIFICATES)) {
    it(`loads Envoy's example ${name} once its certificates are there`, { skip }, (t) => {
      const folder = mkdtempSync(join(tmpdir(), "troupe-golden-"));
      t.after(() => rmSync(folder, { recursive: true }));
      copyFileSync(join(EXAMPLES, name), join(folder, name));
      mkdirSync(join(folder, "certs"));
      const ca = new TestCa("golden");
      writeFileSync(join(folder, "certs/cacert.pem"), ca.certPem);
      for (const [certificate, key] of files) {
        const issued = ca.issue({ commonName: "example.test", dns: ["example.test"] });
        writeFileSync(join(folder, "certs", certificate), issued.certPem);
        writeFileSync(join(folder, "certs", key), issued.keyPem);
      }
      const outcome = compiler.compile({ path: join(folder, name) });
      assert.equal(outcome.ok, true, problems(outcome, folder));
    });
  }
});
