import type { ConfigProblem } from "../config-problem.ts";
import { openBinary } from "./binary-source.ts";
import { type OpenedSource, WholeSource } from "./config-source.ts";
import { parseJson } from "./json-document.ts";
import type { SyntaxProblem } from "./source-document.ts";
import { SplitSource } from "./split-source.ts";
import { parseYaml } from "./yaml-document.ts";

/** The largest configuration that is read; 100,000 clusters take about 35 MB. */
export const MAX_CONFIG_BYTES = 48 * 1024 * 1024;

const EMPTY = "the configuration is empty";

/** A configuration as it came: from a file, the command line or a request. */
export interface ConfigText {
  /** How problems name it, and whose ending decides the format: `.json`, `.yaml`, `.yml`, `.pb`; otherwise the content does. */
  readonly file: string;
  readonly content: Uint8Array | string;
}

/**
 * Opens a configuration. With `split`, YAML is cut into items where that is possible; `load` may then throw
 * `SplitMismatch`, upon which it is to be opened again without.
 */
export function openSource(text: ConfigText, split: boolean): OpenedSource {
  const { file, content } = text;
  const failed = (message: string, hint?: string): OpenedSource => {
    const problem: ConfigProblem = { severity: "error", file, line: 0, column: 0, path: "", message };
    return { problems: [hint === undefined ? problem : { ...problem, hint }] };
  };
  if (content.length > MAX_CONFIG_BYTES) {
    return failed(`larger than ${MAX_CONFIG_BYTES / 1024 / 1024} MiB`, "100,000 clusters take about 35 MiB");
  }
  if (file.endsWith(".pb")) {
    return openBinary(file, typeof content === "string" ? Buffer.from(content, "latin1") : content);
  }
  if (file.endsWith(".pb_text")) return failed("protobuf text format is not supported", "use YAML, JSON or .pb");
  let decoded: string;
  try {
    decoded = typeof content === "string" ? content : new TextDecoder("utf-8", { fatal: true }).decode(content);
  } catch {
    return failed("not valid UTF-8");
  }
  if (decoded.trim() === "") return failed(EMPTY);
  const isJson = file.endsWith(".json") || (!/\.ya?ml$/.test(file) && /^\s*\{/.test(decoded) && isValidJson(decoded));
  if (!isJson && split) {
    const source = SplitSource.open(file, decoded);
    if (source !== undefined) return { source };
  }
  const { document, problems } = isJson ? parseJson(decoded) : parseYaml(decoded);
  if (document === undefined) return { problems: problems.map((problem) => syntaxProblem(file, problem)) };
  if (document.root === null) return failed(EMPTY);
  return { source: new WholeSource(file, document) };
}

function isValidJson(text: string): boolean {
  try {
    JSON.parse(text);
    return true;
  } catch {
    return false;
  }
}

function syntaxProblem(file: string, { position, message, hint }: SyntaxProblem): ConfigProblem {
  const problem: ConfigProblem = { severity: "error", file, ...position, path: "", message };
  return hint === undefined ? problem : { ...problem, hint };
}
