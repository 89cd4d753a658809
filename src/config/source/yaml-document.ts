import type { JsonObject, JsonValue } from "@bufbuild/protobuf";
import { type Alias, isAlias, isMap, isScalar, isSeq, type Node, type Pair, type Scalar, type YAMLMap } from "yaml";
import {
  type FoundPosition,
  LineIndex,
  MAX_DEPTH,
  MAX_VALUES,
  type ParsedSource,
  type SourceDocument,
  type SyntaxProblem,
  setKey,
  snakeCase,
} from "./source-document.ts";
import { readBlockYaml } from "./yaml-block.ts";
import { plainScalar } from "./yaml-scalar.ts";
import { parseYamlSyntax, TOO_DEEP } from "./yaml-syntax.ts";

const MAX_SYNTAX_PROBLEMS = 20;

/** Stops the conversion: a limit is exceeded, so that nothing that follows can be trusted to end in time. */
class LimitError extends Error {
  readonly offset: number;

  constructor(offset: number, message: string) {
    super(message);
    this.offset = offset;
  }
}

/**
 * Parses YAML 1.2 as Envoy reads it. Scalars follow `plainScalar`; a value tagged `!ignore` is dropped, so that it can hold
 * anchors. Refused: duplicate keys, more than one document, more than `MAX_DEPTH` levels, aliases that contain themselves or blow up
 * the tree beyond `MAX_VALUES`. Time and memory are linear in the size of the text. Never throws.
 */
export function parseYaml(text: string): ParsedSource {
  const root = readBlockYaml(text);
  return root === undefined ? parseAnyYaml(text) : { document: new BlockDocument(text, root) };
}

/** `parseYaml` without the fast way for simple texts. */
export function parseAnyYaml(text: string): ParsedSource {
  const lines = new LineIndex(text);
  const { contents, problems } = parseYamlSyntax(text, lines);
  if (contents === undefined) return { problems };
  const reader = new YamlReader(lines);
  try {
    const root = contents === null ? null : reader.value(contents, 0);
    if (reader.problems.length > 0) return { problems: reader.problems };
    return { document: new YamlDocument(lines, contents, root, reader.targets) };
  } catch (error) {
    if (!(error instanceof LimitError)) throw error;
    return { problems: [{ position: lines.position(error.offset), message: error.message }] };
  }
}

function offsetOf(node: Node | null | undefined): number {
  return node?.range?.[0] ?? 0;
}

/** Turns the syntax tree into values. Sizes are counted as if aliases were copies, so that an alias bomb is seen early. */
class YamlReader {
  readonly problems: SyntaxProblem[] = [];
  /** What each alias stands for. */
  readonly targets = new Map<Alias, Node>();
  readonly #lines: LineIndex;
  readonly #anchors = new Map<string, Node>();
  readonly #finished = new Map<Node, { readonly value: JsonValue; readonly size: number }>();
  #size = 0;

  constructor(lines: LineIndex) {
    this.#lines = lines;
  }

  value(node: Node, depth: number): JsonValue {
    if (depth > MAX_DEPTH) throw new LimitError(offsetOf(node), TOO_DEEP);
    if (isAlias(node)) return this.#alias(node);
    const before = this.#size;
    this.#count(1, node);
    const anchor = (node as Scalar).anchor;
    if (anchor !== undefined) this.#anchors.set(anchor, node);
    const value = this.#content(node, depth);
    if (anchor !== undefined) this.#finished.set(node, { value, size: this.#size - before });
    return value;
  }

  #count(values: number, node: Node): void {
    this.#size += values;
    if (this.#size > MAX_VALUES) {
      throw new LimitError(offsetOf(node), `more than ${MAX_VALUES} values, counting each use of an alias`);
    }
  }

  #report(node: Node | null | undefined, message: string, hint?: string): null {
    if (this.problems.length < MAX_SYNTAX_PROBLEMS) {
      const position = this.#lines.position(offsetOf(node));
      this.problems.push(hint === undefined ? { position, message } : { position, message, hint });
    }
    return null;
  }

  #alias(node: Alias): JsonValue {
    const target = this.#anchors.get(node.source);
    // The name is not said: it may be a password that begins with *.
    if (target === undefined) {
      return this.#report(node, "no anchor of this name before this alias", "a text that begins with * needs quotes");
    }
    const finished = this.#finished.get(target);
    if (finished === undefined) return this.#report(node, `alias *${node.source} contains itself`);
    this.targets.set(node, target);
    this.#count(finished.size, node);
    return finished.value;
  }

  #content(node: Node, depth: number): JsonValue {
    if (isMap(node)) return this.#map(node, depth);
    if (isSeq(node)) return node.items.map((item) => (item === null ? null : this.value(item as Node, depth + 1)));
    if (!isScalar(node)) return null;
    return this.#scalar(node);
  }

  #scalar(node: Scalar): JsonValue {
    const text = typeof node.value === "string" ? node.value : (node.source ?? "");
    const tag = node.tag?.replace("tag:yaml.org,2002:", "!!");
    if (tag !== undefined && !["!!str", "!!int", "!!float", "!!bool", "!!null", "!", "!ignore"].includes(tag)) {
      if (/^!!(?:binary|map|merge|omap|pairs|seq|set|timestamp|value)$/.test(tag))
        return this.#report(node, `tag ${tag} is not supported`);
      // It may be a password that begins with an exclamation mark.
      return this.#report(node, "this tag is not supported", "a text that begins with ! needs quotes");
    }
    if (tag === "!!str" || tag === "!" || (node.type !== undefined && node.type !== "PLAIN")) return text;
    return plainScalar(text);
  }

  #map(node: YAMLMap, depth: number): JsonObject {
    const object: JsonObject = {};
    const own = new Set<string>();
    const merges: Node[] = [];
    for (const pair of node.items as Pair<Node, Node | null>[]) {
      const key = this.#key(pair.key);
      if (key === undefined) continue;
      if (isMergeKey(pair.key) && pair.value !== null) {
        merges.push(pair.value);
        continue;
      }
      if (own.has(key)) {
        this.#report(pair.key, `duplicate key ${JSON.stringify(key)}`);
        continue;
      }
      own.add(key);
      const value = pair.value === null ? null : this.value(pair.value, depth + 1);
      if ((pair.value as Scalar | null)?.tag !== "!ignore") setKey(object, key, value);
    }
    for (const merge of merges) this.#merge(object, merge, depth + 1);
    return object;
  }

  #key(node: Node | null): string | undefined {
    if (node === null) return "";
    this.#count(1, node);
    if (isScalar(node)) {
      if (node.anchor !== undefined) {
        this.#anchors.set(node.anchor, node);
        this.#finished.set(node, { value: String(node.value ?? ""), size: 1 });
      }
      return String(node.value ?? "");
    }
    const value = isAlias(node) ? this.#alias(node) : undefined;
    if (typeof value === "string" || typeof value === "number" || typeof value === "boolean") return String(value);
    this.#report(node, "a key must be plain text");
    return undefined;
  }

  /** `<<: *defaults` or `<<: [*a, *b]`: adds the keys that are not there yet. */
  #merge(object: JsonObject, node: Node, depth: number): void {
    const value = this.value(node, depth);
    for (const source of Array.isArray(value) ? value : [value]) {
      if (typeof source !== "object" || source === null || Array.isArray(source)) {
        this.#report(node, "the value of << must be a map or a list of maps");
        return;
      }
      for (const key of Object.keys(source)) {
        if (!Object.hasOwn(object, key)) setKey(object, key, source[key]!);
      }
    }
  }
}

function isMergeKey(node: Node | null): boolean {
  return isScalar(node) && node.value === "<<" && (node.type === undefined || node.type === "PLAIN");
}

/** What `readBlockYaml` read. Positions are needed only for problems; the text is then parsed again. */
class BlockDocument implements SourceDocument {
  readonly root: JsonValue;
  readonly #text: string;
  #parsed: SourceDocument | undefined;

  constructor(text: string, root: JsonValue) {
    this.#text = text;
    this.root = root;
  }

  locate(steps: readonly (string | number)[]): FoundPosition {
    this.#parsed ??= parseAnyYaml(this.#text).document;
    return this.#parsed?.locate(steps) ?? { line: 1, column: 1, matched: 0 };
  }
}

class YamlDocument implements SourceDocument {
  readonly root: JsonValue;
  readonly #lines: LineIndex;
  readonly #contents: Node | null;
  readonly #targets: ReadonlyMap<Alias, Node>;

  constructor(lines: LineIndex, contents: Node | null, root: JsonValue, targets: ReadonlyMap<Alias, Node>) {
    this.#lines = lines;
    this.#contents = contents;
    this.root = root;
    this.#targets = targets;
  }

  locate(steps: readonly (string | number)[]): FoundPosition {
    let node = this.#contents;
    let offset = offsetOf(node);
    let matched = 0;
    for (const step of steps) {
      const found = typeof step === "number" ? this.#item(node, step) : this.#entry(node, step);
      if (found === undefined) break;
      offset = found.offset;
      node = found.node;
      matched++;
    }
    return { ...this.#lines.position(offset), matched };
  }

  #resolve(node: Node | null): Node | null {
    return isAlias(node) ? (this.#targets.get(node) ?? null) : node;
  }

  #item(node: Node | null, index: number): { node: Node | null; offset: number } | undefined {
    const list = this.#resolve(node);
    if (!isSeq(list)) return index === 0 && list !== null ? { node: list, offset: offsetOf(list) } : undefined;
    const item = list.items[index] as Node | null | undefined;
    return item === undefined ? undefined : { node: item, offset: item === null ? offsetOf(list) : offsetOf(item) };
  }

  #entry(node: Node | null, name: string): { node: Node | null; offset: number } | undefined {
    let map = this.#resolve(node);
    // A single value may stand for a list of one; the path then has an index the text has not.
    if (isSeq(map) && map.items.length === 1) map = this.#resolve(map.items[0] as Node | null);
    if (!isMap(map)) return undefined;
    const pairs = map.items as Pair<Node, Node | null>[];
    const keyOf = (pair: Pair<Node, Node | null>): string => {
      const key = this.#resolve(pair.key);
      return isScalar(key) ? String(key.value ?? "") : "";
    };
    const pair = pairs.find((each) => keyOf(each) === name) ?? pairs.find((each) => snakeCase(keyOf(each)) === name);
    if (pair !== undefined) return { node: pair.value, offset: offsetOf(pair.key) };
    for (const merge of pairs.filter((each) => isMergeKey(each.key))) {
      const sources = this.#resolve(merge.value);
      for (const source of isSeq(sources) ? (sources.items as Node[]) : [sources]) {
        const found = this.#entry(source, name);
        if (found !== undefined) return found;
      }
    }
    return undefined;
  }
}
